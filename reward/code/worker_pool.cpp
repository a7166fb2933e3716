#include "reward/code/worker_pool.h"

#include <fstream>

#include "base/enum_names.h"
#include "base/error.h"

namespace grpo::reward::code {
namespace {

/// The first word of a file of the kernel's settings; empty if there is none.
std::string setting(const char* path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

/// Why a jail could not be made, as far as the kernel's settings tell, and what helps.
std::string remedy(Level level) {
  if (level == Level::landlock) {
    return "the kernel has no Landlock (5.13 or newer, and lsm=…,landlock at boot), or a container "
           "forbids it";
  }
  if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "AppArmor takes the rights from new user namespaces: run as root, or set "
           "kernel.apparmor_restrict_unprivileged_userns=0, or give this program an AppArmor "
           "profile with `userns,`";
  }
  if (setting("/proc/sys/user/max_user_namespaces") == "0" ||
      setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "user namespaces are switched off: set user.max_user_namespaces above 0 and "
           "kernel.unprivileged_userns_clone=1, or accept --sandbox landlock";
  }
  return "in a container, allow new namespaces (Docker: --cap-add SYS_ADMIN --security-opt "
         "seccomp=unconfined, or a profile that allows clone, unshare, mount, pivot_root); "
         "or accept --sandbox landlock";
}

}  // namespace

WorkerPool::WorkerPool(const SandboxOptions& options)
    : WorkerPool(options, find_interpreter(options.python)) {}

WorkerPool::WorkerPool(const SandboxOptions& options, Interpreter interpreter)
    : options_(options), interpreter_(std::move(interpreter)) {
  check_input(options.max_workers >= 1, "sandbox: at least one worker is needed");
  try {
    idle_.push_back(start_worker());
    num_workers_ = 1;
  } catch (const Error& error) {
    throw Error(fmt::format("{} (level {}): {}", error.what(), name_of(options.level),
                            remedy(options.level)),
                69);
  }
}

WorkerPool::~WorkerPool() = default;

WorkerPool::Lease WorkerPool::lease() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !idle_.empty() || num_workers_ < options_.max_workers; });
    if (idle_.empty()) break;
    auto worker = std::move(idle_.back());  // the one whose pages are warm
    idle_.pop_back();
    if (worker->alive()) return {*this, std::move(worker)};
    // Killed between two runs, by whoever may on this machine: short memory, an operator.
    lock.unlock();
    worker.reset();
    lock.lock();
    --num_workers_;
    changed_.notify_one();
  }
  ++num_workers_;
  lock.unlock();
  try {
    return {*this, start_worker()};
  } catch (...) {
    lock.lock();
    --num_workers_;
    changed_.notify_one();
    throw;
  }
}

std::unique_ptr<Worker> WorkerPool::start_worker() {
  return starter_.submit([this] { return std::make_unique<Worker>(options_.level, interpreter_); })
      .get();
}

void WorkerPool::give_back(std::unique_ptr<Worker> worker) {
  const bool spent =
      worker->broken() || worker->num_runs() >= static_cast<int64_t>(options_.recycle_runs);
  if (spent) worker.reset();  // ends the jail, before another takes its place
  const std::lock_guard lock(mutex_);
  if (worker) {
    idle_.push_back(std::move(worker));
  } else {
    --num_workers_;
  }
  changed_.notify_one();
}

}  // namespace grpo::reward::code
