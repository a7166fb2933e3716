#include <array>
#include <memory>

#include "apps/commands.h"
#include "apps/flag_checks.h"
#include "base/file.h"
#include "base/log.h"
#include "policy/text_source.h"
#include "policy/weights/gguf_model.h"
#include "policy/weights/hf_config.h"
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

/// The model's own name: of its folder, or of its file without the ending.
std::string name_of(const fs::path& model) {
  fs::path path = fs::absolute(model).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  return fs::is_directory(path) ? path.filename().string() : path.stem().string();
}

struct Source {
  std::unique_ptr<policy::WeightReader> reader;
  policy::TextSource text;
};

void convert_to_hf(const Flags& flags, const Source& source) {
  policy::HfWriteOptions options;
  options.dtype = output_dtype(flags);
  options.generation = policy::read_generation_config(flags.model);
  options.add_files = [&source](const fs::path& folder) {
    source.text.tokenizer->save(folder);
    if (!source.text.template_text.empty()) {
      write_atomically(folder / "chat_template.jinja", source.text.template_text);
    }
  };
  policy::write_hf(flags.output, source.reader->config(), policy::rows_of(*source.reader), options);
  log_info("{}: {} parameters in {}", flags.output, source.reader->config().num_parameters(),
           policy::type_name(options.dtype));
}

/// A name that ends in .gguf is the file's; any other is a folder that gets a model.gguf.
void convert_to_gguf(const Flags& flags, const Source& source) {
  policy::GgufWriteOptions options;
  options.type = flags.quantize.empty() ? output_dtype(flags) : policy::StoredType::kQ8_0;
  if (!flags.dtype.empty()) options.unblocked_type = output_dtype(flags);
  options.name = name_of(flags.model);
  options.add_metadata = [&source](policy::GgufMetadata& metadata) {
    policy::add_text_source(source.text, source.reader->config(), metadata);
  };
  const auto write = [&](const fs::path& file) {
    policy::write_gguf(file, source.reader->config(), policy::rows_of(*source.reader), options);
    log_info("{}: {} parameters in {}", flags.output, source.reader->config().num_parameters(),
             policy::type_name(options.type));
  };
  if (fs::path(flags.output).extension() == ".gguf") {
    write(flags.output);
  } else {
    write_folder_atomically(flags.output,
                            [&](const fs::path& folder) { write(folder / "model.gguf"); });
  }
}

void convert(const Flags& flags) {
  const bool gguf = flags.format == "gguf";
  check_input(gguf || flags.quantize.empty(),
              "--quantize {}: Hugging Face folders are written in --dtype, not quantised",
              flags.quantize);
  check_input(!fs::exists(flags.output), "--output: {} exists", flags.output);
  check_output(flags.output);
  const Source source{.reader = policy::WeightReader::open(flags.model),
                      .text = policy::read_text_source(flags.model)};
  gguf ? convert_to_gguf(flags, source) : convert_to_hf(flags, source);
}

}  // namespace

void add_convert(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("convert", "write a checkpoint in another form");
  auto flags = std::make_shared<Flags>();
  command->add_option("--model", flags->model, "Hugging Face folder or .gguf file")->required();
  command->add_option("--output", flags->output, "folder to write, or name.gguf; must not exist")
      ->required();
  command
      ->add_option("--dtype", flags->dtype,
                   "float32 | bfloat16 | float16 (default: as stored; bfloat16 for quantised "
                   "weights)")
      ->check(CLI::IsMember({"float32", "bfloat16", "float16"}));
  command->add_option("--format", flags->format, "hf | gguf")->check(CLI::IsMember({"hf", "gguf"}));
  command
      ->add_option("--quantize", flags->quantize,
                   "q8_0, for gguf; rows that are no whole blocks are in --dtype, or float16")
      ->check(CLI::IsMember({"q8_0"}));
  command->callback([&chosen, flags] { chosen.work = [flags] { convert(*flags); }; });
}

}  // namespace grpo::apps
