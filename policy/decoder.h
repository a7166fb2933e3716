#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/model_config.h"
#include "policy/ops.h"
#include "policy/parameter.h"
#include "policy/rope.h"
#include "policy/tokens.h"

namespace grpo::policy {

/// Experts are stacked: "layers.3.ffn.experts.7.gate" of the files is row 7 of the decoder's
/// "layers.3.ffn.experts.gate". Gives that name and 7; the name itself and -1 elsewhere.
std::pair<std::string, int64_t> split_expert_name(const std::string& name);

/// What the routers did in one forward pass. Filled only where a layer is a mixture of experts.
struct MoeStats {
  std::vector<std::vector<int64_t>> load;  ///< [MoE layers][experts]: tokens sent to each expert
  bool want_balance_loss = false;
  /// Sequence-wise balance term, sum over sequences and layers of sum_e f_e P_e (DeepSeek-V3,
  /// arXiv 2412.19437, eq. 17-20, without its factor); has a gradient. Packed forward only.
  Tensor balance_loss;
};

/// One decoder for every family: pre-norm blocks of attention {grouped-query | latent} and
/// feed-forward {dense | mixture of experts}, as ModelConfig says per layer.
///
/// The same kernels serve learner (packed) and engine (paged): a token's hidden state has the same
/// bits on both paths, whatever else is in the batch.
class Decoder {
 public:
  /// Allocates all parameters; their values are undefined until loaded or initialised.
  explicit Decoder(ModelConfig config);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// Hidden states after the final norm, [tokens, hidden_dim]. With gradients when enabled.
  Tensor forward(const PackedTokens& input, MoeStats* stats = nullptr);
  /// The engine's: keys and values of `input` are written to `pages`. Never keeps a graph.
  Tensor forward(const PagedTokens& input, KvPages& pages);

  /// Pages for this model, zeroed.
  KvPages make_pages(int64_t num_pages) const;
  /// Bytes of one page over all layers.
  int64_t page_bytes() const;

  /// Output projection; the embedding when tied.
  Weight head() const;
  /// What hidden · headᵀ is multiplied by before the softmax, once, in engine and learner alike:
  /// 1 / (temperature * logits divisor). Temperature 0 (greedy) counts as 1.
  float logit_scale(double temperature) const {
    return static_cast<float>(1.0 /
                              ((temperature == 0 ? 1.0 : temperature) * config_.logits_divisor));
  }

  /// Normal(0, std) matrices, ones for norms, zeros for biases; a parameter's values depend on seed
  /// and its place in the list only. Projections back to the residual stream are scaled by
  /// 1 / sqrt(2 layers) (GPT-2).
  void initialize(uint64_t seed, double std);
  void set_requires_grad(bool on);
  void zero_grad();

  const ModelConfig& config() const { return config_; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Parameter& parameter(const std::string& name);
  const Parameter& parameter(const std::string& name) const;

  /// Layers with a mixture of experts, in the order of MoeStats::load.
  const std::vector<int64_t>& moe_layers() const { return moe_layers_; }

 private:
  struct Layer {
    LayerConfig config;
    Tensor attention_norm, ffn_norm;
    Weight q, k, v, o;
    Tensor q_bias, k_bias, v_bias, o_bias, q_norm, k_norm;
    Weight q_a, q_b, kv_a, kv_b;  // latent attention
    Tensor q_a_norm, kv_a_norm;
    ops::FeedForward dense;  // the whole feed-forward, or the shared expert
    Weight router;
    Tensor correction_bias;
    ops::Experts experts;
  };

  struct Pass;  // what all layers of one forward pass share

  void add_parameters();
  Layer make_layer(int64_t index);
  Weight weight(const std::string& name);
  Tensor tensor(const std::string& name);

  Tensor run(const Pass& pass);
  Tensor attention(const Layer& layer, int64_t index, const Tensor& x, const Pass& pass);
  Tensor grouped_query(const Layer& layer, const Tensor& x, const Pass& pass,
                       const ops::AttentionInput& input);
  Tensor latent(const Layer& layer, const Tensor& x, const Pass& pass,
                const ops::AttentionInput& input);
  Tensor mixture(const Layer& layer, const Tensor& x, const Pass& pass);

  ModelConfig config_;
  std::vector<Parameter> parameters_;
  std::map<std::string, size_t> index_;  // name -> place in parameters_
  std::vector<Layer> layers_;
  std::vector<int64_t> moe_layers_;
  Weight embed_;
  Tensor final_norm_;
  RopeTables rope_;
};

}  // namespace grpo::policy
