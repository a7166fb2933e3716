#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/demonstrations.h"
#include "datasets/formats.h"
#include "datasets/generators.h"
#include "datasets/problem.h"
#include "datasets/stream.h"

namespace grpo::datasets {

/// One source of data as a recipe names it: a file, or a generator when `path` is empty.
struct DatasetConfig {
  std::string name = "generated";
  double weight = 1;
  std::string path;
  Format format = Format::prompt;
  int64_t limit = 0;
  Split split = Split::train;
  int64_t count = 1000;
  GeneratorConfig generator;
};

template <class Visitor>
void fields(Visitor& v, DatasetConfig& c) {
  v("name", c.name, "name of the source in metrics and in the checkpoint's cursor");
  v("weight", c.weight, "share of this source in the mixture, relative to the others");
  v("path", c.path, "JSON-lines file, plain or .gz; empty: the generator below");
  v("format", c.format, "layout of its rows (datasets/formats.h)");
  v("limit", c.limit, "use only the first rows of the file; 0: all");
  v("split", c.split, "generator: which of its two disjoint splits");
  v("count", c.count, "generator: number of problems");
  v("generator", c.generator, "the generator's parameters");
}

/// Throws Error (exit code 2) on an bad rows, sizes and parameters.
std::vector<Problem> load_problems(const DatasetConfig& config);

/// Files: read_demonstrations (`format` is not looked at). Generators: with worked solutions.
std::vector<Demonstration> load_demonstrations(const DatasetConfig& config);

Stream<Problem> problem_stream(const std::vector<DatasetConfig>& configs, uint64_t seed);
Stream<Demonstration> demonstration_stream(const std::vector<DatasetConfig>& configs,
                                           uint64_t seed);

}  // namespace grpo::datasets
