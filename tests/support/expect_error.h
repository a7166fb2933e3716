#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace grpo::test {

/// The message of the Error that `action` throws, which must carry `exit_code`; "" and a failure
/// where it throws none.
template <class Action>
std::string error_of(const Action& action, int exit_code) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), exit_code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "expected an Error";
  return "";
}

/// The message of the Error that `action` throws, or "".
template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace grpo::test
