#include "reward/code/seccomp.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "reward/code/descriptor.h"

namespace grpo::reward::code {
namespace {

// Reading, writing and naming files: what can be reached is decided by the root, not here.
constexpr int kFiles[] = {SCMP_SYS(read),          SCMP_SYS(write),       SCMP_SYS(readv),
                          SCMP_SYS(writev),        SCMP_SYS(pread64),     SCMP_SYS(pwrite64),
                          SCMP_SYS(preadv),        SCMP_SYS(pwritev),     SCMP_SYS(preadv2),
                          SCMP_SYS(pwritev2),      SCMP_SYS(open),        SCMP_SYS(openat),
                          SCMP_SYS(creat),         SCMP_SYS(close),       SCMP_SYS(close_range),
                          SCMP_SYS(lseek),         SCMP_SYS(stat),        SCMP_SYS(fstat),
                          SCMP_SYS(lstat),         SCMP_SYS(newfstatat),  SCMP_SYS(statx),
                          SCMP_SYS(statfs),        SCMP_SYS(fstatfs),     SCMP_SYS(access),
                          SCMP_SYS(faccessat),     SCMP_SYS(faccessat2),  SCMP_SYS(getdents64),
                          SCMP_SYS(getcwd),        SCMP_SYS(chdir),       SCMP_SYS(fchdir),
                          SCMP_SYS(readlink),      SCMP_SYS(readlinkat),  SCMP_SYS(mkdir),
                          SCMP_SYS(mkdirat),       SCMP_SYS(rmdir),       SCMP_SYS(unlink),
                          SCMP_SYS(unlinkat),      SCMP_SYS(rename),      SCMP_SYS(renameat),
                          SCMP_SYS(renameat2),     SCMP_SYS(link),        SCMP_SYS(linkat),
                          SCMP_SYS(symlink),       SCMP_SYS(symlinkat),   SCMP_SYS(chmod),
                          SCMP_SYS(fchmod),        SCMP_SYS(fchmodat),    SCMP_SYS(utimensat),
                          SCMP_SYS(truncate),      SCMP_SYS(ftruncate),   SCMP_SYS(fallocate),
                          SCMP_SYS(fsync),         SCMP_SYS(fdatasync),   SCMP_SYS(flock),
                          SCMP_SYS(umask),         SCMP_SYS(dup),         SCMP_SYS(dup2),
                          SCMP_SYS(dup3),          SCMP_SYS(fcntl),       SCMP_SYS(pipe),
                          SCMP_SYS(pipe2),         SCMP_SYS(sendfile),    SCMP_SYS(copy_file_range),
                          SCMP_SYS(fadvise64),     SCMP_SYS(eventfd2),    SCMP_SYS(poll),
                          SCMP_SYS(ppoll),         SCMP_SYS(select),      SCMP_SYS(pselect6),
                          SCMP_SYS(epoll_wait),    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
                          SCMP_SYS(epoll_create1), SCMP_SYS(sendto),      SCMP_SYS(recvfrom),
                          SCMP_SYS(shutdown),      SCMP_SYS(getsockopt),  SCMP_SYS(getsockname),
                          SCMP_SYS(getpeername)};
// Memory, threads, time, signals to oneself, questions about oneself.
constexpr int kSelf[] = {SCMP_SYS(brk),
                         SCMP_SYS(mmap),
                         SCMP_SYS(munmap),
                         SCMP_SYS(mremap),
                         SCMP_SYS(mprotect),
                         SCMP_SYS(madvise),
                         SCMP_SYS(mincore),
                         SCMP_SYS(msync),
                         SCMP_SYS(membarrier),
                         SCMP_SYS(futex),
                         SCMP_SYS(set_robust_list),
                         SCMP_SYS(get_robust_list),
                         SCMP_SYS(rseq),
                         SCMP_SYS(set_tid_address),
                         SCMP_SYS(arch_prctl),
                         SCMP_SYS(gettid),
                         SCMP_SYS(getpid),
                         SCMP_SYS(getppid),
                         SCMP_SYS(getpgrp),
                         SCMP_SYS(getpgid),
                         SCMP_SYS(getsid),
                         SCMP_SYS(getuid),
                         SCMP_SYS(geteuid),
                         SCMP_SYS(getgid),
                         SCMP_SYS(getegid),
                         SCMP_SYS(getresuid),
                         SCMP_SYS(getresgid),
                         SCMP_SYS(getgroups),
                         SCMP_SYS(capget),
                         SCMP_SYS(getcpu),
                         SCMP_SYS(sched_yield),
                         SCMP_SYS(sched_getaffinity),
                         SCMP_SYS(sched_getparam),
                         SCMP_SYS(sched_getscheduler),
                         SCMP_SYS(getpriority),
                         SCMP_SYS(uname),
                         SCMP_SYS(sysinfo),
                         SCMP_SYS(times),
                         SCMP_SYS(getrusage),
                         SCMP_SYS(getrlimit),
                         SCMP_SYS(setrlimit),
                         SCMP_SYS(prlimit64),
                         SCMP_SYS(time),
                         SCMP_SYS(gettimeofday),
                         SCMP_SYS(clock_gettime),
                         SCMP_SYS(clock_getres),
                         SCMP_SYS(nanosleep),
                         SCMP_SYS(clock_nanosleep),
                         SCMP_SYS(pause),
                         SCMP_SYS(alarm),
                         SCMP_SYS(getitimer),
                         SCMP_SYS(setitimer),
                         SCMP_SYS(timer_create),
                         SCMP_SYS(timer_settime),
                         SCMP_SYS(timer_gettime),
                         SCMP_SYS(timer_delete),
                         SCMP_SYS(timer_getoverrun),
                         SCMP_SYS(getrandom),
                         SCMP_SYS(restart_syscall),
                         SCMP_SYS(exit),
                         SCMP_SYS(exit_group),
                         SCMP_SYS(rt_sigaction),
                         SCMP_SYS(rt_sigprocmask),
                         SCMP_SYS(rt_sigreturn),
                         SCMP_SYS(rt_sigpending),
                         SCMP_SYS(rt_sigtimedwait),
                         SCMP_SYS(rt_sigsuspend),
                         SCMP_SYS(sigaltstack)};
constexpr int kSignals[] = {SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill),
                            SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo)};
constexpr int kProcesses[] = {SCMP_SYS(execve),  SCMP_SYS(execveat), SCMP_SYS(wait4),
                              SCMP_SYS(waitid),  SCMP_SYS(vfork),    SCMP_SYS(fork),
                              SCMP_SYS(setpgid), SCMP_SYS(setsid)};
// Questions to a terminal or pipe, and flags of the own descriptor; never TIOCSTI and its like.
constexpr unsigned kControls[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONCLEX, FIONBIO};

constexpr unsigned kProgramDescriptor = 4;  // reward/code/python/guest.py: execute

constexpr uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release) {
    check(context_ != nullptr, "sandbox: libseccomp: no memory");
    // A foreign architecture's numbers mean other calls: nobody honest makes them.
    need(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    // A tree of comparisons instead of a row of 150: a system call costs little.
    need(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  }

  template <size_t n>
  void allow(const int (&calls)[n]) {
    for (const int call : calls) {
      // Numbers below zero are calls that this architecture does not have.
      if (call >= 0) need(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 0, nullptr));
    }
  }
  void allow_if(int call, scmp_arg_cmp condition) {
    need(seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, call, 1, &condition));
  }
  void refuse(int call, int error) {
    need(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(error), call, 0, nullptr));
  }

  std::string code() const {
    const DescriptorPair pipe = make_pipe();  // 64 KiB hold it: a program has at most 4,096 steps
    need(seccomp_export_bpf(context_.get(), pipe.second.get()));
    std::string bytes(1 << 16, '\0');
    const ssize_t size = read(pipe.first.get(), bytes.data(), bytes.size());
    check(size > 0 && size % 8 == 0, "sandbox: libseccomp made no filter");
    bytes.resize(static_cast<size_t>(size));
    return bytes;
  }

 private:
  static void need(int result) {
    check(result == 0, "sandbox: libseccomp: {}", std::strerror(-result));
  }
  std::unique_ptr<void, decltype(&seccomp_release)> context_;
};

}  // namespace

std::string seccomp_filter(FilterKind kind) {
  Filter filter;
  filter.allow(kFiles);
  filter.allow(kSelf);
  if (kind != FilterKind::no_kill) filter.allow(kSignals);
  for (const unsigned control : kControls) {
    filter.allow_if(SCMP_SYS(ioctl), SCMP_A1_32(SCMP_CMP_EQ, control));
  }
  // A pair of its own is no way out; asyncio needs one.
  filter.allow_if(SCMP_SYS(socketpair), SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX));
  filter.refuse(SCMP_SYS(clone3), ENOSYS);
  if (kind == FilterKind::subprocess) {
    filter.allow(kProcesses);
    filter.allow_if(SCMP_SYS(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, kNamespaces, 0));
  } else {
    if (kind == FilterKind::execute) {
      filter.allow_if(SCMP_SYS(execveat), SCMP_A0_32(SCMP_CMP_EQ, kProgramDescriptor));
    }
    filter.allow_if(SCMP_SYS(clone),
                    SCMP_A0_64(SCMP_CMP_MASKED_EQ, kNamespaces | CLONE_THREAD, CLONE_THREAD));
  }
  return filter.code();
}

}  // namespace grpo::reward::code
