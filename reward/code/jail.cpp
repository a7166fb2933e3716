#include "reward/code/jail.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "reward/code/descriptor.h"
#include "reward/code/jail_child.h"

namespace grpo::reward::code {
namespace {

namespace fs = std::filesystem;

constexpr int kNobody = 65534;

/// Where a path lies once symbolic links of its folder are followed: that is where the loader,
/// which follows them too, finds the file inside. The last part stays as it is named.
std::string place_of(const std::string& path) {
  const fs::path given(path);
  return (fs::canonical(given.parent_path()) / given.filename()).string();
}

void add_folders_of(const std::string& path, std::vector<std::string>& folders) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    folders.push_back(path.substr(0, slash));
  }
}

JailLayout layout_of(const JailPlan& plan) {
  JailLayout layout;
  for (const auto& tree : plan.trees) {
    layout.binds.push_back({tree, fs::canonical(tree).string(), JailBind::Kind::folder});
  }
  for (const auto& file : plan.files) {
    layout.binds.push_back({file, place_of(file), JailBind::Kind::file});
  }
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"}) {
    layout.binds.push_back({device, device, JailBind::Kind::device});
  }
  // What lies within a bound folder is there already.
  std::vector<std::string> bound;
  for (const auto& tree : plan.trees) bound.push_back(fs::canonical(tree).string() + "/");
  std::erase_if(layout.binds, [&](const JailBind& bind) {
    return std::any_of(bound.begin(), bound.end(),
                       [&](const std::string& tree) { return bind.target.starts_with(tree); });
  });
  std::sort(layout.binds.begin(), layout.binds.end(),
            [](const auto& a, const auto& b) { return a.target < b.target; });
  const auto repeated = std::unique(layout.binds.begin(), layout.binds.end(),
                                    [](auto& a, auto& b) { return a.target == b.target; });
  layout.binds.erase(repeated, layout.binds.end());
  layout.folders = {"/tmp"};
  for (const auto& bind : layout.binds) {
    add_folders_of(bind.target, layout.folders);
    if (bind.kind == JailBind::Kind::folder) layout.folders.push_back(bind.target);
  }
  std::sort(layout.folders.begin(), layout.folders.end());
  layout.folders.erase(std::unique(layout.folders.begin(), layout.folders.end()),
                       layout.folders.end());
  layout.links.emplace_back("/dev/shm", "/tmp");  // for semaphores, within the same bounds
  for (const char* link : {"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"}) {
    std::error_code none;
    const auto target = fs::read_symlink(link, none);
    if (!none) layout.links.emplace_back(link, target.string());
  }
  return layout;
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> result;
  result.reserve(texts.size() + 1);
  for (const auto& text : texts) result.push_back(text.c_str());
  result.push_back(nullptr);
  return result;
}

void write_file(pid_t pid, const char* name, const std::string& text) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  check(file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
        "{}: {}", path, std::strerror(errno));
}

/// Makes the new user namespace's user 0 nobody (started by root) or the caller.
void map_user(pid_t pid) {
  const bool root = geteuid() == 0;
  // Root's child leaves root's groups by itself; for a user the kernel wants this promise.
  if (!root) write_file(pid, "setgroups", "deny");
  write_file(pid, "uid_map", fmt::format("0 {} 1", root ? kNobody : geteuid()));
  write_file(pid, "gid_map", fmt::format("0 {} 1", root ? kNobody : getegid()));
}

}  // namespace

JailProcess::~JailProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

JailProcess start_jail(const JailPlan& plan, const std::vector<int>& descriptors) {
  JailLayout layout = layout_of(plan);
  layout.level = plan.level;
  layout.executable = plan.executable.c_str();
  const auto arguments = pointers(plan.arguments);
  const auto environment = pointers(plan.environment);
  layout.arguments = arguments.data();
  layout.environment = environment.data();
  layout.descriptors = descriptors;
  layout.change_user = geteuid() == 0 ? kNobody : -1;
  DescriptorPair go = make_pipe();      // the parent has written the maps
  DescriptorPair failed = make_pipe();  // closed by exec; else says which step failed, and why
  layout.go = go.first.get();
  layout.failed = failed.second.get();

  clone_args clone{};
  if (plan.level == Level::full) {
    clone.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
                  CLONE_NEWUTS | CLONE_NEWCGROUP;
  }
  clone.exit_signal = SIGCHLD;
  layout.prepare();
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &clone, sizeof clone));
  if (pid == 0) run_jail_child(layout);  // does not return
  check(pid > 0, "new namespaces: {}", std::strerror(errno));

  JailProcess process(pid);
  failed.second.reset();
  if (plan.level == Level::full) map_user(pid);
  check(write(go.second.get(), "g", 1) == 1, "the jail's process ended at once");
  JailFailure failure{};
  ssize_t size = 0;
  while ((size = read(failed.first.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  check(size == 0, "{}: {}", failure.step, std::strerror(failure.error));
  return process;
}

}  // namespace grpo::reward::code
