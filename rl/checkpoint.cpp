#include "rl/checkpoint.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/fnv1a.h"
#include "base/log.h"
#include "kernels/adamw.h"
#include "policy/weights/safetensors.h"
#include "policy/weights/safetensors_writer.h"
#include "policy/weights/weight_reader.h"

namespace grpo::rl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStateFile = "trainer_state.json";
/// A safetensors file by another name: vLLM and SGLang take every *.safetensors for weights.
constexpr const char* kOptimizerFile = "optimizer.moments";
constexpr int64_t kFormat = 2;

std::span<const std::byte> bytes_of(const std::vector<float>& v, int64_t count) {
  return std::as_bytes(std::span(v.data(), static_cast<size_t>(count)));
}

/// Moments are stored as plain rows, like weights, so that no file depends on the packed form.
void write_moments(const fs::path& file, const policy::Decoder& decoder, Optimizer& optimizer) {
  std::vector<policy::SafetensorsSpec> specs;
  std::map<std::string, std::pair<size_t, bool>> places;  // name -> parameter, second moment?
  const auto& parameters = decoder.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!optimizer.first_moments()[i].defined()) continue;
    for (const bool second : {false, true}) {
      const std::string name = parameters[i].name + (second ? ".second" : ".first");
      specs.push_back({name, "F32", parameters[i].shape});
      places[name] = {i, second};
    }
  }
  policy::write_safetensors(file, specs, {{"format", "pt"}},
                            [&](const policy::SafetensorsSpec& spec, const policy::ByteSink& sink) {
                              const auto [i, second] = places.at(spec.name);
                              const policy::Parameter& p = parameters[i];
                              const Tensor& moment = second ? optimizer.second_moments()[i]
                                                            : optimizer.first_moments()[i];
                              const int64_t rows = p.is_matrix() ? p.out() : 1;
                              const int64_t width = p.is_matrix() ? p.in() : p.shape[0];
                              std::vector<float> row(static_cast<size_t>(width));
                              for (int64_t e = 0; e < p.experts(); ++e) {
                                for (int64_t r = 0; r < rows; ++r) {
                                  p.read_plain(e, p.is_matrix() ? r : 0,
                                               p.is_matrix() ? r + 1 : width, row.data(), moment);
                                  sink(bytes_of(row, width));
                                }
                              }
                            });
}

void read_moments(const fs::path& file, const policy::Decoder& decoder, Optimizer& optimizer) {
  const policy::Safetensors tensors(file);
  const auto& parameters = decoder.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!optimizer.first_moments()[i].defined()) continue;
    const policy::Parameter& p = parameters[i];
    for (const bool second : {false, true}) {
      const std::string name = p.name + (second ? ".second" : ".first");
      const auto* stored = tensors.find(name);
      check(
          stored != nullptr && stored->dtype == "F32" && std::ranges::equal(stored->shape, p.shape),
          "{}: {}: missing or of another shape", file.string(), name);
      const Tensor& moment = second ? optimizer.second_moments()[i] : optimizer.first_moments()[i];
      const int64_t rows = p.is_matrix() ? p.out() : 1;
      const int64_t width = p.is_matrix() ? p.in() : p.shape[0];
      std::vector<float> row(static_cast<size_t>(width));
      const std::byte* at = stored->bytes.data();
      for (int64_t e = 0; e < p.experts(); ++e) {
        for (int64_t r = 0; r < rows; ++r) {
          std::memcpy(row.data(), at, row.size() * sizeof(float));
          at += row.size() * sizeof(float);
          p.write_plain(e, p.is_matrix() ? r : 0, p.is_matrix() ? r + 1 : width, row.data(),
                        moment);
        }
      }
    }
  }
}

/// Weights that are not finite are never saved: they would push out the good ones before them.
void check_finite(const policy::Decoder& decoder) {
  for (const policy::Parameter& p : decoder.parameters()) {
    check(
        std::isfinite(kernels::cpu::squared_norm(p.value.const_data_ptr<float>(), p.value.numel())),
        "{}: the weights are not finite, so this step is not saved; the checkpoint before it "
        "stays. Lower optimizer.learning_rate",
        p.name);
  }
}

/// Step of a folder name "step-<N>", or -1.
int64_t step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  int64_t step = -1;
  if (!name.starts_with("step-")) return -1;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 5, end, step);
  return error == std::errc() && rest == end ? step : -1;
}

std::vector<int64_t> steps_in(const fs::path& folder) {
  std::vector<int64_t> steps;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (const int64_t step = step_of(entry.path()); step >= 0) steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

Json read_state(const fs::path& folder) {
  const fs::path file = folder / kStateFile;
  Json state = parse_json(read_file(file), file.string());
  const JsonObject fields(state, file.string());
  check(fields.required<int64_t>("format") == kFormat, "{}: format {}, expected {}", file.string(),
        fields.required<int64_t>("format"), kFormat);
  return state;
}

/// A record as JSON keeps every bit: infinities and NaN, which JSON lacks, as the bits of all.
Json record_to_json(const monitor::Record& record) {
  Json metrics = Json::array();
  for (const auto& [name, value] : record.metrics) {
    metrics.push_back({name, std::bit_cast<uint64_t>(value)});
  }
  return {{"step", record.step}, {"metrics", metrics}};
}

monitor::Record record_from_json(const Json& json, const std::string& place) {
  const JsonObject fields(json, place);
  monitor::Record record{fields.required<int64_t>("step"), {}};
  for (const Json& metric : fields.required<Json>("metrics")) {
    check(metric.is_array() && metric.size() == 2 && metric[0].is_string() &&
              metric[1].is_number_unsigned(),
          "{}: metrics: expected [name, bits], got {}", place, metric.dump());
    record.set(metric[0].get<std::string>(), std::bit_cast<double>(metric[1].get<uint64_t>()));
  }
  return record;
}

/// Throws Error saying what is broken: lengths and layout of all files, not every number in them.
void check_readable(const fs::path& folder) {
  read_state(folder);
  policy::Safetensors check_moments(folder / kOptimizerFile);
  policy::WeightReader::open(folder);
}

bool is_readable(const fs::path& folder) {
  try {
    check_readable(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void write_state(const fs::path& folder, const Optimizer& optimizer, const TrainerState& state) {
  Json json = {{"format", kFormat},
               {"step", state.step},
               {"next_sequence", state.next_sequence},
               {"skipped_in_a_row", state.skipped_in_a_row},
               {"reached_target", state.reached_target},
               {"optimizer_steps", optimizer.num_steps()},
               {"stream", state.stream},
               {"eval_data", state.eval_data},
               {"reference", state.reference}};
  if (state.unfinished) json["unfinished"] = record_to_json(*state.unfinished);
  write_atomically(folder / kStateFile, json.dump(2) + "\n");
}

void discard(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) log_warning("{}: not removed: {}", folder.string(), error.message());
}

}  // namespace

std::string weights_fingerprint(const policy::Decoder& decoder) {
  uint64_t hash = kFnv1aStart;
  for (const policy::Parameter& p : decoder.parameters()) {
    const auto bytes = static_cast<size_t>(p.value.numel()) * sizeof(float);
    hash = fnv1a(p.name, hash);
    hash = fnv1a({static_cast<const char*>(p.value.const_data_ptr()), bytes}, hash);
  }
  return fmt::format("{:016x}", hash);
}

Checkpoints::Checkpoints(const fs::path& run_folder, int64_t keep)
    : folder_(run_folder / "checkpoints"), keep_(keep) {}

fs::path Checkpoints::folder_of(int64_t step) const {
  return folder_ / ("step-" + std::to_string(step));
}

void Checkpoints::save(const policy::Policy& policy, Optimizer& optimizer,
                       const TrainerState& state) {
  check_finite(policy.decoder());
  fs::create_directories(folder_);
  const fs::path target = folder_of(state.step);
  if (fs::exists(target)) {
    if (is_readable(target)) {  // the same step has the same weights; an evaluation may be made now
      write_state(target, optimizer, state);
      return;
    }
    discard(target);
  }
  write_folder_atomically(target, [&](const fs::path& folder) {
    policy.save_into(folder);
    write_moments(folder / kOptimizerFile, policy.decoder(), optimizer);
    write_state(folder, optimizer, state);
  });
  remove_others(state.step);
}

std::optional<fs::path> Checkpoints::latest() const {
  for (const int64_t step : steps_in(folder_)) {
    const fs::path folder = folder_of(step);
    try {
      check_readable(folder);
      return folder;
    } catch (const Error& error) {
      log_warning("{}: passed over: {}", folder.string(), error.what());
    }
  }
  return std::nullopt;
}

TrainerState Checkpoints::restore(const fs::path& folder, policy::Policy& policy,
                                  Optimizer& optimizer) {
  const Json json = read_state(folder);
  const JsonObject fields(json, (folder / kStateFile).string());
  TrainerState state;
  state.step = fields.required<int64_t>("step");
  state.next_sequence = static_cast<uint64_t>(fields.required<int64_t>("next_sequence"));
  state.skipped_in_a_row = fields.required<int64_t>("skipped_in_a_row");
  state.reached_target = fields.value_or("reached_target", false);
  state.stream = fields.required<Json>("stream");
  state.eval_data = fields.required<std::string>("eval_data");
  state.reference = fields.required<std::string>("reference");
  if (json.contains("unfinished")) {
    state.unfinished = record_from_json(json["unfinished"], (folder / kStateFile).string());
  }
  optimizer.set_num_steps(fields.required<int64_t>("optimizer_steps"));
  read_moments(folder / kOptimizerFile, policy.decoder(), optimizer);
  return state;
}

bool Checkpoints::any() const { return !steps_in(folder_).empty(); }

void Checkpoints::remove_others(int64_t saved) const {
  int64_t kept = 0;
  for (const int64_t step : steps_in(folder_)) {
    // A later one was broken, or the run would have gone on from it.
    if (step > saved || ++kept > keep_) discard(folder_of(step));
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".step-") && name.ends_with(".tmp")) discard(entry.path());
  }
}

}  // namespace grpo::rl
