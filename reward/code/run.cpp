#include "reward/code/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/error.h"

namespace grpo::reward::code {
namespace {

constexpr double kWallPerCpu = 5;
constexpr auto kStartTimeout = std::chrono::seconds(30);
constexpr auto kKillTimeout = std::chrono::seconds(30);
constexpr size_t kErrorBytes = 8 << 10;

void make_nonblocking(const Descriptor& descriptor) {
  check(fcntl(descriptor.get(), F_SETFL, O_NONBLOCK) == 0, "sandbox: fcntl: {}",
        std::strerror(errno));
}

}  // namespace

Run::Run(Worker& worker, const Limits& limits, const std::vector<Role>& roles, Descriptor channel,
         size_t num_cases)
    : worker_(worker),
      limits_(limits),
      id_(worker.next_run()),
      forks_(roles.size()),
      alive_(roles.size()),
      started_(Clock::now()),
      channel_(std::move(channel)) {
  output_.limit = static_cast<size_t>(limits.output_bytes);
  errors_.limit = kErrorBytes;
  errors_.keep_last = true;
  if (channel_) make_nonblocking(channel_);
  try {
    start(roles, num_cases);
  } catch (...) {
    worker_.give_up();
    throw;
  }
}

Run::~Run() {
  if (idle_ || worker_.broken()) return;
  try {
    kill();
  } catch (const Error&) {
    worker_.give_up();
  }
}

void Run::start(const std::vector<Role>& roles, size_t num_cases) {
  const Descriptor null = open_null(O_RDWR);
  DescriptorPair errors = make_pipe();
  DescriptorPair output;
  std::vector<Descriptor> files;
  std::vector<int> descriptors;
  OrderedJson message;
  message["run"] = id_;
  message["roles"] = OrderedJson::array();
  for (const Role& role : roles) {
    const auto file = [&](std::string_view bytes) {
      return files.emplace_back(make_memory_file(bytes)).get();
    };
    if (role.keep_output) output = make_pipe();
    const std::vector<int> own{role.input ? file(*role.input) : null.get(),
                               role.keep_output ? output.second.get() : null.get(),
                               errors.second.get(), file(print_json(role.task))};
    descriptors.insert(descriptors.end(), own.begin(), own.end());
    descriptors.insert(descriptors.end(), role.channels.begin(), role.channels.end());
    const bool filtered = worker_.level() != Level::none;
    message["roles"].push_back({{"role", role.name},
                                {"filter", filtered ? role.filter : ""},
                                {"descriptors", own.size() + role.channels.size()}});
  }
  message["limits"] = {
      {"memory_bytes", limits_.memory_mib << 20},
      {"cpu_backstop_s",
       static_cast<int64_t>(std::ceil(limits_.seconds * static_cast<double>(num_cases))) + 2},
      {"file_bytes", limits_.file_bytes},
      {"processes", limits_.processes}};
  worker_.send(message, descriptors);
  errors_.descriptor = std::move(errors.first);
  output_.descriptor = std::move(output.first);
  make_nonblocking(errors_.descriptor);
  if (output_.descriptor) make_nonblocking(output_.descriptor);
}

Run::Event Run::wait() {
  while (true) {
    try {
      if (auto frame = reader_.next()) {
        frame_ = *std::move(frame);
        return Event::frame;
      }
    } catch (const Error&) {
      channel_.reset();
      return Event::bad_frame;
    }
    if (idle_) {
      read_stream(errors_);
      read_stream(output_);
      if (channel_) {
        read_channel();
        channel_.reset();
        continue;
      }
      return output_.over ? Event::output_limit : Event::ended;
    }
    if (output_.over) return Event::output_limit;
    if (const auto event = check_clocks()) return *event;
    const auto channel_events = static_cast<int16_t>(outgoing_.empty() ? POLLIN : POLLIN | POLLOUT);
    // poll leaves descriptors below zero out.
    pollfd waiting[] = {{worker_.control(), POLLIN, 0},
                        {output_.descriptor.get(), POLLIN, 0},
                        {errors_.descriptor.get(), POLLIN, 0},
                        {channel_.get(), channel_events, 0}};
    if (poll(waiting, std::size(waiting), timeout_ms()) < 0) {
      check(errno == EINTR, "sandbox: poll: {}", std::strerror(errno));
      continue;
    }
    if (waiting[1].revents != 0) read_stream(output_);
    if (waiting[2].revents != 0) read_stream(errors_);
    if ((waiting[3].revents & POLLOUT) != 0) write_channel();
    if ((waiting[3].revents & ~POLLOUT) != 0) read_channel();
    if (waiting[0].revents != 0) on_control();
  }
}

void Run::send(const OrderedJson& message) {
  outgoing_ += make_frame(message);
  write_channel();
}

void Run::restart_clock() {
  started_ = Clock::now();
  for (Fork& fork : forks_) fork.cpu_at_start = cpu_now(fork);
}

double Run::cpu_seconds() const {
  double sum = 0;
  for (const Fork& fork : forks_) sum += cpu_now(fork) - fork.cpu_at_start;
  return std::max(sum, 0.0);
}

void Run::kill() {
  if (idle_) return;
  channel_.reset();
  worker_.send({{"kill", id_}});
  const auto deadline = Clock::now() + kKillTimeout;
  while (!idle_) {
    check(Clock::now() < deadline, "sandbox: a run does not end");
    on_control();
  }
  read_stream(errors_);
}

void Run::on_control() {
  try {
    const auto message = worker_.receive(1000);
    if (!message) return;
    const JsonObject fields(message->json, "sandbox");
    const auto fork = [&](const char* key) -> Fork& {
      const auto number = fields.required<int64_t>(key);
      check(number >= 0 && number < static_cast<int64_t>(forks_.size()), "sandbox: no fork {}",
            number);
      return forks_[static_cast<size_t>(number)];
    };
    if (fields.has("started")) {
      Fork& begun = fork("started");
      begun.pid = message->sender;
      begun.end.started = true;
      started_ = Clock::now();
      begun.cpu_at_start = cpu_now(begun);
    } else if (fields.has("ended")) {
      Fork& ended = fork("ended");
      const auto status = static_cast<int>(fields.required<int64_t>("status"));
      ended.end.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
      ended.end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
      ended.end.cpu_seconds = fields.required<double>("cpu");
      ended.ended = true;
    } else {
      check(fields.required<int64_t>("idle") == id_, "sandbox: an answer to another run");
      idle_ = true;
    }
  } catch (...) {
    worker_.give_up();
    throw;
  }
}

void Run::read_stream(Stream& stream) {
  char buffer[1 << 16];
  while (stream.descriptor) {
    const ssize_t size = read(stream.descriptor.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      stream.descriptor.reset();
      return;
    }
    stream.text.append(buffer, static_cast<size_t>(size));
    if (stream.text.size() > stream.limit) {
      if (stream.keep_last) {
        stream.text.erase(0, stream.text.size() - stream.limit);
      } else {
        stream.over = true;
        stream.text.resize(stream.limit);
        stream.descriptor.reset();
      }
    }
  }
}

void Run::read_channel() {
  char buffer[1 << 16];
  while (channel_) {
    const ssize_t size = recv(channel_.get(), buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      channel_.reset();
      return;
    }
    reader_.append({buffer, static_cast<size_t>(size)});
    return;  // one read at a time: a frame may be complete, and a writer may never stop
  }
}

void Run::write_channel() {
  while (channel_ && !outgoing_.empty()) {
    const ssize_t size = ::send(channel_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      outgoing_.clear();  // nobody reads any more; `ended` comes next
      return;
    }
    outgoing_.erase(0, static_cast<size_t>(size));
  }
}

double Run::cpu_now(const Fork& fork) {
  if (fork.ended) return fork.end.cpu_seconds;
  clockid_t clock{};
  timespec now{};
  // A fork that ends between two looks has no clock: its end is about to be reported.
  if (fork.pid < 0 || clock_getcpuclockid(fork.pid, &clock) != 0 ||
      clock_gettime(clock, &now) != 0) {
    return fork.cpu_at_start;
  }
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::optional<Run::Event> Run::check_clocks() {
  bool all_started = true;
  for (const Fork& fork : forks_) {
    all_started = all_started && (fork.end.started || fork.ended);
    if (cpu_now(fork) - fork.cpu_at_start >= limits_.seconds) return Event::cpu;
  }
  const auto passed = Clock::now() - started_;
  if (!all_started) {
    if (passed > kStartTimeout) worker_.give_up();
    check(passed <= kStartTimeout, "sandbox: a fork does not start");
  } else if (passed >= std::chrono::duration<double>(limits_.seconds * kWallPerCpu)) {
    return Event::wall;
  }
  return std::nullopt;
}

int Run::timeout_ms() const {
  double cpu = 0;
  for (const Fork& fork : forks_) cpu = std::max(cpu, cpu_now(fork) - fork.cpu_at_start);
  const double wall = std::chrono::duration<double>(Clock::now() - started_).count();
  const double left = std::min(limits_.seconds - cpu, limits_.seconds * kWallPerCpu - wall);
  return static_cast<int>(std::clamp(left * 1e3 + 1, 1.0, 1000.0));
}

}  // namespace grpo::reward::code
