#include "apps/arriving_rows.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>

#include "base/json_lines.h"

namespace grpo::apps {
namespace {

constexpr size_t kMostWaiting = 4096;

}  // namespace

struct ArrivingRows::State {
  explicit State(const std::string& input) : lines(input) {}

  void read_all() {
    std::exception_ptr failed;
    try {
      while (auto row = lines.next()) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return rows.size() < kMostWaiting; });
        rows.push_back({std::move(*row), lines.where()});
        changed.notify_all();
      }
    } catch (...) {
      failed = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    error = failed;
    closed = true;
    changed.notify_all();
  }

  OrderedJsonLines lines;  // the reader's
  std::mutex mutex;        // guards what follows
  std::condition_variable changed;
  std::deque<Row> rows;
  std::exception_ptr error;
  bool closed = false;
};

ArrivingRows::ArrivingRows(const std::string& input)
    : state_(std::make_shared<State>(input)), reader_([state = state_] { state->read_all(); }) {}

ArrivingRows::~ArrivingRows() {
  std::unique_lock lock(state_->mutex);
  const bool closed = state_->closed;
  lock.unlock();
  if (closed) {
    reader_.join();
  } else {
    reader_.detach();  // it waits for input, and the program ends
  }
}

std::vector<ArrivingRows::Row> ArrivingRows::take(size_t most) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->closed || !state_->rows.empty(); });
  if (state_->rows.empty() && state_->error) std::rethrow_exception(state_->error);
  std::vector<Row> taken;
  while (!state_->rows.empty() && taken.size() < most) {
    taken.push_back(std::move(state_->rows.front()));
    state_->rows.pop_front();
  }
  state_->changed.notify_all();
  return taken;
}

}  // namespace grpo::apps
