#pragma once

#include "datasets/code_tests.h"

namespace grpo::reward::code {

// A problem's tests come with its row; judging them is this folder's work.
using datasets::CodeTests;
using datasets::Compare;
using datasets::Language;
using datasets::Limits;
using datasets::limits_from_json;
using datasets::tests_from_json;

}  // namespace grpo::reward::code
