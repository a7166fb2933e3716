#include <array>
#include <memory>

#include "apps/commands.h"
#include "apps/flag_checks.h"
#include "base/file.h"
#include "base/log.h"
#include "policy/text_source.h"
#include "policy/weights/hf_writer.h"
#include "policy/weights/inspect_model.h"
#include "policy/weights/weight_reader.h"

namespace grpo::apps {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::string model, output, dtype, format = "hf", quantize;
};

/// `--dtype`, else as the weights are stored; types that only quantised files have become bfloat16.
policy::StoredType output_dtype(const Flags& flags) {
  const std::string name =
      flags.dtype.empty() ? policy::inspect_model(flags.model).dtype : flags.dtype;
  for (const auto type : {policy::StoredType::kF32, policy::StoredType::kF16}) {
    if (policy::type_name(type) == name) return type;
  }
  return policy::StoredType::kBf16;
}

void convert(const Flags& flags) {
  check_input(flags.format == "hf", "--format {}: this version writes hf only", flags.format);
  check_input(flags.quantize.empty(),
              "--quantize {}: Hugging Face folders are written in --dtype, not quantised",
              flags.quantize);
  check_input(!fs::exists(flags.output), "--output: {} exists", flags.output);
  check_output(flags.output);
  const auto reader = policy::WeightReader::open(flags.model);
  const auto text = policy::read_text_source(flags.model);
  policy::HfWriteOptions options;
  options.dtype = output_dtype(flags);
  options.add_files = [&text](const fs::path& folder) {
    text.tokenizer->save(folder);
    if (!text.template_text.empty()) {
      write_atomically(folder / "chat_template.jinja", text.template_text);
    }
  };
  const auto rows = [&reader](std::string_view name, int64_t begin, int64_t end, float* out) {
    reader->read_rows(name, begin, end, out);
  };
  policy::write_hf(flags.output, reader->config(), rows, options);
  log_info("{}: {} parameters in {}", flags.output, reader->config().num_parameters(),
           policy::type_name(options.dtype));
}

}  // namespace

void add_convert(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("convert", "write a checkpoint in another form");
  auto flags = std::make_shared<Flags>();
  command->add_option("--model", flags->model, "Hugging Face folder or .gguf file")->required();
  command->add_option("--output", flags->output, "folder to write; must not exist")->required();
  command
      ->add_option("--dtype", flags->dtype,
                   "float32 | bfloat16 | float16 (default: as stored; bfloat16 for quantised "
                   "weights)")
      ->check(CLI::IsMember({"float32", "bfloat16", "float16"}));
  command->add_option("--format", flags->format, "hf (gguf: not written by this version)")
      ->check(CLI::IsMember({"hf", "gguf"}));
  command->add_option("--quantize", flags->quantize, "q8_0, for gguf")
      ->check(CLI::IsMember({"q8_0"}));
  command->callback([&chosen, flags] { chosen.work = [flags] { convert(*flags); }; });
}

}  // namespace grpo::apps
