#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/recipe_docs.h"
#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

TEST(CommandLine, HelpEndsWithZeroAndWrongFlagsWithTwo) {
  EXPECT_EQ(run_grpo("--help").code, 0);
  EXPECT_EQ(run_grpo("--version").code, 0);
  EXPECT_EQ(run_grpo("").code, 2);
  EXPECT_EQ(run_grpo("inspect loss --no-such-flag").code, 2);
  EXPECT_EQ(run_grpo("generate --model x --temperature warm").code, 2);
  const auto negative = run_grpo("generate --model x --seed -1");
  EXPECT_EQ(negative.code, 2);
  EXPECT_THAT(negative.err, HasSubstr("--seed: expected a number of at least 0, got -1"));
  EXPECT_EQ(run_grpo("inspect logits --model x --path sideways").code, 2);
}

TEST(CommandLine, AnUnknownCommandIsNamedWithTheNearest) {
  const auto misspelt = run_grpo("trian x");
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("grpo: unknown command trian; did you mean \"train\"?"));
  EXPECT_EQ(misspelt.out, "");
  const auto inner = run_grpo("inspect tokns --model x");
  EXPECT_EQ(inner.code, 2);
  EXPECT_THAT(inner.err, HasSubstr("unknown command inspect tokns; did you mean \"tokens\"?"));
  const auto strange = run_grpo("inspect foo");
  EXPECT_EQ(strange.code, 2);
  EXPECT_THAT(strange.err, HasSubstr("unknown command inspect foo; known here: model, tokens,"));
}

TEST(CommandLine, CommandsOfOtherVersionsEndWith69) {
  for (const std::string command : {"distill", "launch", "worker", "verify format"}) {
    const auto missing = run_grpo(command + " x.yaml");
    EXPECT_EQ(missing.code, 69) << command;
    EXPECT_THAT(missing.err, HasSubstr("grpo: " + command + ": not in this version"));
  }
}

TEST(CommandLine, WithoutACommandTheHelpIsPrinted) {
  const auto alone = run_grpo("");
  EXPECT_EQ(alone.code, 2);
  EXPECT_EQ(alone.err, run_grpo("--help").out);
  const auto inspect = run_grpo("inspect");
  EXPECT_EQ(inspect.code, 2);
  EXPECT_EQ(inspect.err, run_grpo("inspect --help").out);
}

TEST(CommandLine, MissingDevicesEndWith69AndUnknownOnesWith2) {
  const auto missing = run_grpo("inspect logits --model x --device cuda:0");
  EXPECT_EQ(missing.code, 69);
  EXPECT_THAT(missing.err, HasSubstr("CUDA"));
  EXPECT_EQ(run_grpo("inspect logits --model x --device tpu").code, 2);
  EXPECT_EQ(run_grpo("doctor --device cuda").code, 69);
}

TEST(CommandLine, AWrongNumberOfThreadsIsRefused) {
  for (const char* wrong : {"x", "0", "-1", "2x", "257"}) {
    ::setenv("GRPO_THREADS", wrong, 1);
    const auto refused = run_grpo("doctor");
    EXPECT_EQ(refused.code, 2) << wrong;
    EXPECT_EQ(refused.err,
              fmt::format("GRPO_THREADS={}: expected a number from 1 to 256\n", wrong));
  }
  ::setenv("GRPO_THREADS", "3", 1);
  EXPECT_THAT(run_grpo("doctor").out, HasSubstr("threads           3 "));
  ::unsetenv("GRPO_THREADS");
}

TEST(CommandLine, DoctorDescribesTheMachine) {
  const auto doctor = run_grpo("doctor");
  EXPECT_EQ(doctor.code, 0);
  for (const auto* name : {"cpu", "instruction set", "threads", "memory", "disk", "cuda"}) {
    EXPECT_THAT(doctor.out, HasSubstr(std::string("\n") + name));
  }
}

TEST(CommandLine, DoctorCountsMemoryInOneUnit) {
  EXPECT_THAT(run_grpo("doctor").out,
              ::testing::ContainsRegex("memory +[0-9.]+ GiB, [0-9.]+ GiB available"));
}

TEST(CommandLine, OutputThatDoesNotArriveIsAnError) {
  for (const char* command : {"docs recipes", "doctor", "--help", "inspect --help"}) {
    const test::TemporaryFolder folder;
    const auto errors = folder.file("errors", "");
    const int status = std::system(
        (std::string(GRPO_BINARY) + " " + command + " > /dev/full 2> " + errors.string()).c_str());
    EXPECT_EQ(WEXITSTATUS(status), 1) << command;
    EXPECT_THAT(read_file(errors), HasSubstr("No space left on device")) << command;
  }
}

TEST(CommandLine, WrongFilesAndFoldersAreTheUsersError) {
  const test::TemporaryFolder folder;
  const std::string here = folder.path().string();
  const auto refused = [](const std::string& command) {
    const auto finished = run_grpo(command);
    EXPECT_EQ(finished.code, 2) << command;
    return finished.err;
  };
  EXPECT_EQ(refused("inspect model --model " + here),
            "grpo: " + here + ": no config.json in the folder\n");
  EXPECT_THAT(refused("inspect chat --model " + tiny_model() + " --template " + here + "/none"),
              HasSubstr(here + "/none: cannot open"));
  EXPECT_EQ(refused("convert --model " + tiny_model() + " --output " + here + "/no/such/cv"),
            "grpo: --output " + here + "/no/such/cv: there is no folder " + here + "/no/such\n");
  const auto run = folder.file("a.jsonl", "{\"step\":1,\"x\":1}\n");
  const std::string plot = "plot " + run.string() + " --metric x --output ";
  EXPECT_EQ(refused(plot + here + "/no/p.svg"),
            "grpo: --output " + here + "/no/p.svg: there is no folder " + here + "/no\n");
  EXPECT_EQ(refused(plot + here), "grpo: --output " + here + ": is a folder\n");
}

TEST(CommandLine, AnEvaluationHasNoSteps) {
  EXPECT_THAT(run_grpo("train --help").out, HasSubstr("--steps"));
  EXPECT_THAT(run_grpo("eval --help").out, ::testing::Not(HasSubstr("--steps")));
  EXPECT_EQ(run_grpo("eval x.yaml --steps 3").code, 2);
}

TEST(CommandLine, AMissingModelIsNamed) {
  const auto missing = run_grpo("generate --model /no/such/model --input -", "");
  EXPECT_NE(missing.code, 0);
  EXPECT_THAT(missing.err, HasSubstr("/no/such/model"));
  EXPECT_EQ(missing.out, "");
}

TEST(Docs, TheCommittedRecipeTableIsTheGeneratedOne) {
  const auto committed = read_file(std::string(GRPO_SOURCE_DIR) + "/docs/recipes.md");
  EXPECT_EQ(committed, apps::recipe_docs()) << "run: grpo docs recipes > docs/recipes.md";
}

TEST(Docs, TheCommandPrintsTheTable) {
  const auto docs = run_grpo("docs recipes");
  EXPECT_EQ(docs.code, 0);
  EXPECT_EQ(docs.out, apps::recipe_docs());
}

TEST(Plot, DrawsALinePerRun) {
  const test::TemporaryFolder folder;
  const auto run = folder.file("a.jsonl",
                               "{\"step\":1,\"reward/mean\":0.5}\n{\"step\":2,\"x\":1}\n"
                               "{\"step\":3,\"reward/mean\":\"nan\"}\n"
                               "{\"step\":4,\"reward/mean\":0.75}\n");
  const auto svg = folder.path() / "a.svg";
  const std::string flags = " --output " + svg.string();
  EXPECT_EQ(run_grpo("plot " + run.string() + " --metric reward/mean" + flags).code, 0);
  EXPECT_THAT(read_file(svg), HasSubstr("<svg"));
  const auto unknown = run_grpo("plot " + run.string() + " --metric no/such" + flags);
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no/such"));
}

}  // namespace
}  // namespace grpo::testing
