#include "reward/code/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "reward/code/harness.h"
#include "reward/code/seccomp.h"

namespace grpo::reward::code {
namespace {

constexpr int kStartTimeoutMs = 30'000;
constexpr size_t kMaxMessage = 1 << 16;
constexpr size_t kMaxDescriptors = 16;

// Reads the harness from descriptor 4, for there is no file of it inside, and no /proc to name a
// descriptor by.
constexpr const char* kBootstrap = R"python(
import json, os, sys, types
parts = []
while part := os.read(4, 1 << 20):
    parts.append(part)
os.close(4)
bundle = json.loads(b"".join(parts))
for name, source in bundle["modules"]:
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, "<sandbox>/%s.py" % name, "exec"), sys.modules[name].__dict__)
main = sys.modules["zygote"].main
for name, _ in bundle["modules"]:
    del sys.modules[name]
main(bundle["settings"])
)python";

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string bundle(Level level) {
  OrderedJson settings;
  settings["namespaces"] = level == Level::full;
  OrderedJson& filters = settings["filters"] = OrderedJson::object();
  if (level != Level::none) {
    const auto thread = level == Level::full ? FilterKind::thread : FilterKind::no_kill;
    filters["thread"] = hex(seccomp_filter(thread));
    filters["execute"] = hex(seccomp_filter(FilterKind::execute));
    filters["subprocess"] = hex(seccomp_filter(FilterKind::subprocess));
  }
  OrderedJson all;
  all["settings"] = settings;
  // In this order each imports only what stands before it.
  for (const char* name : {"plain", "stand_in", "examiner", "guest", "zygote"}) {
    for (const auto& module : harness_modules()) {
      if (module.name == name) all["modules"].push_back({module.name, module.source});
    }
  }
  return print_json(all);
}

JailPlan plan_for(Level level, const Interpreter& python) {
  JailPlan plan;
  plan.level = level;
  plan.trees = python.trees;
  plan.files = python.files;
  plan.executable = python.executable;
  // No site packages, no user's folder, no .pyc files; the hash seed of -I would be random.
  plan.arguments = {python.executable, "-S", "-s", "-B", "-X", "utf8"};
  if (python.has_safe_path) plan.arguments.emplace_back("-P");
  plan.arguments.insert(plan.arguments.end(), {"-c", kBootstrap});
  plan.environment = {"PYTHONHASHSEED=0", "PATH=/usr/bin:/bin", "HOME=/tmp", "LANG=C.UTF-8",
                      "OPENBLAS_NUM_THREADS=1"};
  return plan;
}

}  // namespace

Worker::Worker(Level level, const Interpreter& interpreter) : level_(level) {
  DescriptorPair control = make_socket_pair(SOCK_SEQPACKET);
  const int on = 1;
  check(setsockopt(control.first.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0,
        "sandbox: SO_PASSCRED: {}", std::strerror(errno));
  control_ = std::move(control.first);
  errors_ = Descriptor(memfd_create("grpo", MFD_CLOEXEC));
  const Descriptor code = make_memory_file(bundle(level));
  const Descriptor null = open_null(O_RDWR);
  process_ = start_jail(plan_for(level, interpreter),
                        {null.get(), null.get(), errors_.get(), control.second.get(), code.get()});
  control.second.reset();
  try {
    const auto ready = receive(kStartTimeoutMs);
    check(ready.has_value(), "no sign of life in {} s", kStartTimeoutMs / 1000);
    check(ready->json.contains("ready"), "an unexpected first message");
  } catch (const Error& error) {
    const std::string words = last_words();
    throw Error(fmt::format("sandbox: Python did not start in its jail: {}{}{}", error.what(),
                            words.empty() ? "" : ": ", words));
  }
}

void Worker::send(const OrderedJson& message, const std::vector<int>& descriptors) {
  const std::string text = print_json(message);
  check(text.size() <= kMaxMessage && descriptors.size() <= kMaxDescriptors,
        "sandbox: a message of {} bytes with {} descriptors", text.size(), descriptors.size());
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> space{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  if (!descriptors.empty()) {
    const size_t bytes = descriptors.size() * sizeof(int);
    packet.msg_control = space.data();
    packet.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
  }
  ssize_t sent = 0;
  while ((sent = sendmsg(control_.get(), &packet, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  check(sent == static_cast<ssize_t>(text.size()), "sandbox: the worker is gone: {}",
        std::strerror(errno));
}

std::optional<WorkerMessage> Worker::receive(int timeout_ms) {
  pollfd ready{control_.get(), POLLIN, 0};
  int count = 0;
  while ((count = poll(&ready, 1, timeout_ms)) < 0 && errno == EINTR) {
  }
  if (count == 0) return std::nullopt;
  std::string text(kMaxMessage, '\0');
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> space{};
  msghdr packet{};
  packet.msg_iov = &part;
  packet.msg_iovlen = 1;
  packet.msg_control = space.data();
  packet.msg_controllen = space.size();
  ssize_t size = 0;
  while ((size = recvmsg(control_.get(), &packet, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  check(size > 0, "sandbox: the worker ended");
  text.resize(static_cast<size_t>(size));
  WorkerMessage message{parse_json(text, "sandbox"), -1};
  for (cmsghdr* h = CMSG_FIRSTHDR(&packet); h != nullptr; h = CMSG_NXTHDR(&packet, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(h), sizeof sender);
    message.sender = sender.pid;
  }
  check(message.json.is_object(), "sandbox: the worker sent {}", describe_json(message.json));
  return message;
}

bool Worker::alive() const {
  pollfd control{control_.get(), POLLIN, 0};
  return poll(&control, 1, 0) == 0;
}

std::string Worker::last_words() const {
  std::string text(4096, '\0');
  const ssize_t size = pread(errors_.get(), text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<size_t>(size) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace grpo::reward::code
