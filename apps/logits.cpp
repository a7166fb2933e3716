#include "apps/logits.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/matmul.h"

namespace grpo::apps {
namespace {

using kernels::kPageSize;

/// Tokens of one sequence in one step of the paged path; no multiple of a page, so that chunks end
/// inside pages.
constexpr int64_t kPrefillChunk = 200;

/// Whose hidden state a row of the decoder's output is.
struct Place {
  size_t request;
  size_t position;
};

/// The `count` largest logits, largest first, ties by smaller token; NaN counts as the least.
std::vector<std::pair<int32_t, float>> top_logits(const policy::Decoder& decoder,
                                                  const float* hidden, int64_t count) {
  const policy::Weight head = decoder.head();
  std::vector<float> logits(static_cast<size_t>(head.out));
  kernels::cpu::matmul(hidden, head.value.const_data_ptr<float>(), nullptr, logits.data(), 1,
                       head.out, head.in);
  const float scale = decoder.logit_scale(1.0);
  for (float& logit : logits) logit *= scale;
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto kept = static_cast<ptrdiff_t>(std::min(count, head.out));
  const auto value = [&](int32_t token) {
    const float logit = logits[static_cast<size_t>(token)];
    return std::isnan(logit) ? -INFINITY : logit;
  };
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int32_t a, int32_t b) {
    return value(a) != value(b) ? value(a) > value(b) : a < b;
  });
  std::vector<std::pair<int32_t, float>> top;
  for (ptrdiff_t i = 0; i < kept; ++i) {
    const int32_t token = order[static_cast<size_t>(i)];
    top.emplace_back(token, logits[static_cast<size_t>(token)]);
  }
  return top;
}

/// Turns hidden states into results, a pass at a time.
class Collector {
 public:
  Collector(const policy::Decoder& decoder, std::span<const LogitsRequest> requests)
      : decoder_(decoder), requests_(requests) {
    for (const auto& request : requests) {
      results.push_back(
          {std::vector<float>(request.ids.size() - 1), std::vector<float>(request.ids.size()), {}});
    }
  }

  /// hidden: [places, dim].
  void add(const Tensor& hidden, const std::vector<Place>& places) {
    std::vector<int32_t> targets;
    for (const auto& [request, position] : places) {
      const auto& ids = requests_[request].ids;
      targets.push_back(position + 1 < ids.size() ? ids[position + 1] : 0);  // 0: not used
    }
    const policy::Weight head = decoder_.head();
    const auto [logprob, entropy] = policy::ops::linear_logprob(
        hidden, head, targets, decoder_.logit_scale(1.0), head.out);  // [places] each
    for (size_t i = 0; i < places.size(); ++i) {
      const auto& [request, position] = places[i];
      LogitsResult& result = results[request];
      result.entropy[position] = entropy.const_data_ptr<float>()[i];
      if (position + 1 < requests_[request].ids.size()) {
        result.logprobs[position] = logprob.const_data_ptr<float>()[i];
      } else {
        result.top =
            top_logits(decoder_, hidden.const_data_ptr<float>() + static_cast<int64_t>(i) * head.in,
                       requests_[request].top);
      }
    }
  }

  std::vector<LogitsResult> results;

 private:
  const policy::Decoder& decoder_;
  std::span<const LogitsRequest> requests_;
};

}  // namespace

std::vector<LogitsResult> packed_logits(policy::Decoder& decoder,
                                        std::span<const LogitsRequest> requests) {
  const at::NoGradGuard no_grad;
  policy::PackedTokens input;
  std::vector<Place> places;
  for (size_t r = 0; r < requests.size(); ++r) {
    input.append(requests[r].ids);
    for (size_t p = 0; p < requests[r].ids.size(); ++p) places.push_back({r, p});
  }
  Collector collector(decoder, requests);
  collector.add(decoder.forward(input), places);
  return std::move(collector.results);
}

std::vector<LogitsResult> paged_logits(policy::Decoder& decoder,
                                       std::span<const LogitsRequest> requests) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<int32_t>> pages(requests.size());  // page tables
  std::vector<int64_t> cached(requests.size(), 0);
  int32_t num_pages = 0;
  for (size_t r = 0; r < requests.size(); ++r) {
    const auto length = static_cast<int64_t>(requests[r].ids.size());
    pages[r].resize(static_cast<size_t>((length + kPageSize - 1) / kPageSize));
    for (int32_t& page : pages[r]) page = num_pages++;
  }
  policy::KvPages cache = decoder.make_pages(num_pages);
  Collector collector(decoder, requests);
  while (true) {
    policy::PagedTokens input;
    std::vector<Place> places;
    for (size_t r = 0; r < requests.size(); ++r) {
      const auto& ids = requests[r].ids;
      const int64_t left = static_cast<int64_t>(ids.size()) - cached[r];
      if (left == 0) continue;
      const int64_t count = std::clamp<int64_t>(left - kDecodedTokens, 1, kPrefillChunk);
      input.runs.push_back({input.size(), count, cached[r], pages[r].data()});
      for (int64_t p = cached[r]; p < cached[r] + count; ++p) {
        const auto index = static_cast<size_t>(p);
        input.tokens.push_back(ids[index]);
        input.positions.push_back(static_cast<int32_t>(p));
        input.slots.push_back(pages[r][static_cast<size_t>(p / kPageSize)] * kPageSize +
                              p % kPageSize);
        places.push_back({r, index});
      }
      cached[r] += count;
    }
    if (places.empty()) break;
    collector.add(decoder.forward(input, cache), places);
  }
  return std::move(collector.results);
}

}  // namespace grpo::apps
