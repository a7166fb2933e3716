#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

/// Each adds one sub-command with its flags; what it does is run by main after parsing. A command
/// throws Error (its exit code is the program's) and prints results on standard output only.
namespace grpo::apps {

/// Set by the chosen command's callback: the work to do.
struct Chosen {
  std::function<void()> work;
  std::string command_line;  ///< as typed
};

void add_train(CLI::App& app, Chosen& chosen);    ///< train, sft
void add_eval(CLI::App& app, Chosen& chosen);     ///< eval
void add_inspect(CLI::App& app, Chosen& chosen);  ///< inspect model | tokens | chat | logits | loss
void add_generate(CLI::App& app, Chosen& chosen);  ///< generate
void add_verify(CLI::App& app, Chosen& chosen);    ///< verify …
void add_convert(CLI::App& app, Chosen& chosen);   ///< convert
void add_doctor(CLI::App& app, Chosen& chosen);    ///< doctor
void add_docs(CLI::App& app, Chosen& chosen);      ///< docs recipes
void add_plot(CLI::App& app, Chosen& chosen);      ///< plot

}  // namespace grpo::apps
