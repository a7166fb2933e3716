#include "reward/code/jail_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace grpo::reward::code {
namespace {

// Raw system calls throughout: no allocation, no lock, no libc state shared with other threads.

[[noreturn]] void fail(const JailLayout& layout, const char* step) {
  JailFailure failure{};
  failure.error = errno;
  std::strncpy(failure.step, step, sizeof failure.step - 1);
  (void)!write(layout.failed, &failure, sizeof failure);
  _exit(1);
}

void need(const JailLayout& layout, int64_t result, const char* step) {
  if (result < 0) fail(layout, step);
}

int set_attributes(int tree, const char* path, unsigned flags, uint64_t attributes) {
  mount_attr attr{};
  attr.attr_set = attributes;
  return static_cast<int>(syscall(SYS_mount_setattr, tree, path, flags, &attr, sizeof attr));
}

/// Detached copies of what is to be seen, opened with the caller's rights: the jail's user may be
/// unable to walk there.
void open_binds(JailLayout& layout) {
  for (JailBind& bind : layout.binds) {
    bind.tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, bind.source.c_str(),
                                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
    need(layout, bind.tree, bind.source.c_str());
    const uint64_t attributes =
        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
        (bind.kind == JailBind::Kind::device ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV);
    need(layout, set_attributes(bind.tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes),
         "mount_setattr");
  }
}

void become_user(const JailLayout& layout, unsigned id) {
  // Fails where a user mapped itself, who keeps the groups that the parent could not take away.
  syscall(SYS_setgroups, 0, nullptr);
  need(layout, syscall(SYS_setresgid, id, id, id), "setresgid");
  need(layout, syscall(SYS_setresuid, id, id, id), "setresuid");
}

void build_root(const JailLayout& layout) {
  need(layout, mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
  need(layout, mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m"),
       "mount a root on /tmp");
  need(layout, chdir("/tmp"), "chdir");
  for (const auto& folder : layout.folders) {
    need(layout, mkdir(folder.c_str() + 1, 0755), folder.c_str());
  }
  for (const auto& [name, target] : layout.links) {
    // Where a bind lies there, it is a folder and no link.
    if (symlink(target.c_str(), name.c_str() + 1) != 0 && errno != EEXIST) {
      fail(layout, name.c_str());
    }
  }
  for (const JailBind& bind : layout.binds) {
    const char* target = bind.target.c_str() + 1;
    if (bind.kind != JailBind::Kind::folder) {
      const int file = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
      need(layout, file, target);
      close(file);
    }
    need(layout, syscall(SYS_move_mount, bind.tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH),
         target);
  }
  need(layout, syscall(SYS_pivot_root, ".", "."), "pivot_root");
  need(layout, umount2(".", MNT_DETACH), "detach the old root");
  need(layout,
       set_attributes(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV),
       "read-only root");
  (void)sethostname("jail", 4);
}

/// Without namespaces: files outside of the binds cannot be opened, none can be written.
void restrict_files(JailLayout& layout) {
  const auto version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  need(layout, version, "landlock");
  landlock_ruleset_attr ruleset{};
  ruleset.handled_access_fs = (uint64_t{1} << 13) - 1;               // version 1
  if (version >= 2) ruleset.handled_access_fs |= uint64_t{1} << 13;  // refer
  if (version >= 3) ruleset.handled_access_fs |= uint64_t{1} << 14;  // truncate
  const int rules = static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset.handled_access_fs, 0));
  need(layout, rules, "landlock ruleset");
  for (JailBind& bind : layout.binds) {
    bind.tree = open(bind.source.c_str(), O_PATH | O_CLOEXEC);
    need(layout, bind.tree, bind.source.c_str());
    landlock_path_beneath_attr path{};
    path.parent_fd = bind.tree;
    path.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
    if (bind.kind == JailBind::Kind::device) path.allowed_access |= LANDLOCK_ACCESS_FS_WRITE_FILE;
    if (bind.kind != JailBind::Kind::device) path.allowed_access |= LANDLOCK_ACCESS_FS_EXECUTE;
    if (bind.kind == JailBind::Kind::folder) path.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
    need(layout, syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &path, 0),
         bind.source.c_str());
  }
  if (layout.change_user >= 0) become_user(layout, static_cast<unsigned>(layout.change_user));
  need(layout, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  need(layout, syscall(SYS_landlock_restrict_self, rules, 0), "landlock_restrict_self");
}

/// The descriptors to 0, 1, …; everything else is closed, `failed` by exec.
void place_descriptors(JailLayout& layout) {
  const auto count = static_cast<int>(layout.descriptors.size());
  // First above all places, so that none overwrites another.
  layout.failed = fcntl(layout.failed, F_DUPFD_CLOEXEC, 100);
  for (int i = 0; i < count; ++i) {
    const auto place = static_cast<size_t>(i);
    layout.moved[place] = fcntl(layout.descriptors[place], F_DUPFD_CLOEXEC, 100);
    need(layout, layout.moved[place], "descriptors");
  }
  for (int i = 0; i < count; ++i) {
    need(layout, dup2(layout.moved[static_cast<size_t>(i)], i), "descriptors");
  }
  const auto failed = static_cast<unsigned>(layout.failed);
  need(layout, syscall(SYS_close_range, count, failed - 1, 0), "close_range");
  need(layout, syscall(SYS_close_range, failed + 1, ~0U, 0), "close_range");
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void run_jail_child(JailLayout& layout) {
  char go = 0;
  // The maps are written, or the parent is gone.
  if (read(layout.go, &go, 1) != 1) _exit(1);
  if (layout.level == Level::full) {
    open_binds(layout);
    become_user(layout, 0);
  } else if (layout.level == Level::landlock) {
    restrict_files(layout);
  }
  // Changing the user clears it, so not earlier.
  need(layout, prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG");
  if (layout.level == Level::full) build_root(layout);
  need(layout, chdir("/"), "chdir");
  place_descriptors(layout);
  reset_signals();
  setsid();
  umask(022);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  execve(layout.executable, const_cast<char* const*>(layout.arguments),
         const_cast<char* const*>(layout.environment));
  fail(layout, layout.executable);
}

}  // namespace grpo::reward::code
