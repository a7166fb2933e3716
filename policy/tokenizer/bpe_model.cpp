#include "policy/tokenizer/bpe_model.h"

#include <algorithm>
#include <atomic>
#include <functional>

#include "base/error.h"
#include "base/utf8.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

constexpr size_t kShortPiece = 40;   // symbols: below, scanning beats the heap
constexpr int32_t kMaxId = 1 << 24;  // a vocabulary beyond this is a damaged file
constexpr size_t kMaxMerges = 1u << 24;

/// One cache line: a piece and its ids.
struct alignas(64) CachedPiece {
  static constexpr size_t kMaxBytes = 24, kMaxIds = 8;
  uint32_t instance = 0;
  uint8_t size = 0;
  uint8_t num_ids = 0;
  char bytes[kMaxBytes];
  int32_t ids[kMaxIds];
};
static_assert(sizeof(CachedPiece) == 64);

/// Direct-mapped, per thread, shared by all models: no lock, fixed size (512 KiB).
CachedPiece& cached_piece(std::string_view piece, uint32_t instance) {
  constexpr size_t kSlots = 8192;
  thread_local std::vector<CachedPiece> slots(kSlots);
  return slots[(hash_bytes(piece) + instance) % kSlots];
}

std::string byte_token(int byte) { return fmt::format("<0x{:02X}>", byte); }

}  // namespace

BpeModel::BpeModel(const JsonNode& model, BpeAlphabet alphabet)
    : alphabet_(alphabet), file_(model.where()) {
  static std::atomic<uint32_t> instances{0};
  instance_ = ++instances;
  model.allow_keys({"type", "dropout", "unk_token", "continuing_subword_prefix",
                    "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                    "merges"});
  if (model.has("type") && model.string("type") != "BPE") {
    model.fail("model type \"{}\" is not supported, only BPE", model.string("type"));
  }
  if (model.has("dropout") && model.at("dropout").value() != 0.0) {
    model.fail("dropout is not supported: encoding must be deterministic");
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (model.has(key) && !model.string(key).empty()) {
      model.at(key).fail("not supported unless empty");
    }
  }
  ignore_merges_ = model.boolean("ignore_merges", false);
  fuse_unk_ = model.boolean("fuse_unk", false);
  byte_fallback_ = model.boolean("byte_fallback", false);
  read_vocab(model.at("vocab"));
  if (model.has("unk_token")) {
    unk_id_ = find(model.string("unk_token"));
    if (unk_id_ == StringTable::kNone) model.at("unk_token").fail("not in the vocabulary");
  }
  read_merges(model.at("merges"));
}

void BpeModel::read_vocab(const JsonNode& vocab) {
  if (!vocab.value().is_object()) vocab.fail("expected an object of token to id");
  for (const auto& [token, id] : vocab.value().items()) {
    if (!id.is_number_integer() || id < 0 || id >= kMaxId) {
      vocab.fail("token \"{}\": expected an id in [0, {}), got {}", token, kMaxId, id.dump());
    }
    const auto at = id.get<size_t>();
    if (at >= tokens_.size()) {
      tokens_.resize(at + 1);
      used_.resize(at + 1);
    }
    if (used_[at]) {
      vocab.fail("id {} is given to \"{}\" and \"{}\"", at, tokens_[at], token);
    }
    tokens_[at] = token;
    used_[at] = true;
  }
  byte_ids_.fill(StringTable::kNone);
  for (size_t at = 0; at < tokens_.size(); ++at) {
    if (!used_[at]) continue;
    const auto id = static_cast<int32_t>(at);
    spellings_.insert(tokens_[at], id);
    if (alphabet_ != BpeAlphabet::kBytes) continue;
    const auto bytes = printable_to_bytes(tokens_[at]);
    if (!bytes) continue;  // an added token: no piece spells it
    pieces_.insert(*bytes, id);
    if (bytes->size() == 1) byte_ids_[static_cast<unsigned char>(bytes->front())] = id;
  }
  if (alphabet_ == BpeAlphabet::kCharacters && byte_fallback_) {
    for (int byte = 0; byte < 256; ++byte) {
      byte_ids_[static_cast<size_t>(byte)] = find(byte_token(byte));
    }
  }
}

void BpeModel::read_merges(const JsonNode& merges) {
  if (!merges.value().is_array()) merges.fail("expected an array");
  if (merges.value().size() > kMaxMerges) merges.fail("too many merges");
  merges_ = MergeTable(merges.value().size());
  size_t rank = 0;
  for (const auto& entry : merges.value()) {
    const auto bad = [&] {
      merges.fail("[{}]: expected \"a b\" or [\"a\", \"b\"], got {}", rank, entry.dump());
    };
    if (entry.is_string()) {
      const auto& text = entry.get_ref<const std::string&>();
      const size_t blank = text.find(' ');
      if (blank == std::string::npos || text.find(' ', blank + 1) != std::string::npos) bad();
      const std::string_view both = text;
      add_merge(merges, rank, both.substr(0, blank), both.substr(blank + 1));
    } else {
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
          !entry[1].is_string()) {
        bad();
      }
      add_merge(merges, rank, entry[0].get_ref<const std::string&>(),
                entry[1].get_ref<const std::string&>());
    }
    ++rank;
  }
}

void BpeModel::add_merge(const JsonNode& merges, size_t rank, std::string_view left,
                         std::string_view right) {
  const std::string both = std::string(left) + std::string(right);
  const std::string_view parts[] = {left, right, both};
  int32_t ids[3];
  for (int i = 0; i < 3; ++i) {
    ids[i] = find(parts[i]);
    if (ids[i] == StringTable::kNone) {
      merges.fail("[{}]: token \"{}\" is not in the vocabulary", rank, parts[i]);
    }
  }
  merges_.insert(ids[0], ids[1], Merge{static_cast<uint32_t>(rank), ids[2]});
}

void BpeModel::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  if (piece.empty()) return;
  const bool cacheable = piece.size() <= CachedPiece::kMaxBytes;
  CachedPiece* cached = cacheable ? &cached_piece(piece, instance_) : nullptr;
  if (cacheable && cached->instance == instance_ &&
      std::string_view(cached->bytes, cached->size) == piece) {
    ids.insert(ids.end(), cached->ids, cached->ids + cached->num_ids);
    return;
  }
  thread_local std::vector<int32_t> symbol_ids;
  symbol_ids.clear();
  const int32_t whole = !ignore_merges_                    ? StringTable::kNone
                        : alphabet_ == BpeAlphabet::kBytes ? pieces_.find(piece)
                                                           : find(piece);
  if (whole != StringTable::kNone) {
    symbol_ids.push_back(whole);
  } else {
    symbols(piece, symbol_ids);
    if (symbol_ids.size() <= kShortPiece) {
      merge_short(symbol_ids);
    } else {
      merge_long(symbol_ids);
    }
  }
  ids.insert(ids.end(), symbol_ids.begin(), symbol_ids.end());
  if (cacheable && symbol_ids.size() <= CachedPiece::kMaxIds) {
    cached->instance = instance_;
    cached->size = static_cast<uint8_t>(piece.size());
    cached->num_ids = static_cast<uint8_t>(symbol_ids.size());
    std::copy(piece.begin(), piece.end(), cached->bytes);
    std::copy(symbol_ids.begin(), symbol_ids.end(), cached->ids);
  }
}

void BpeModel::symbols(std::string_view piece, std::vector<int32_t>& ids) const {
  if (alphabet_ == BpeAlphabet::kBytes) {
    byte_symbols(piece, ids);
  } else {
    character_symbols(piece, ids);
  }
}

void BpeModel::byte_symbols(std::string_view piece, std::vector<int32_t>& ids) const {
  for (size_t at = 0; at < piece.size(); ++at) {
    const auto byte = static_cast<unsigned char>(piece[at]);
    int32_t id = byte_ids_[byte];
    if (id == StringTable::kNone) {
      check_input(unk_id_ != StringTable::kNone,
                  "{}: no token for byte 0x{:02X} of \"{}\", and no unk_token", file_, byte,
                  sanitize_utf8(piece.substr(0, 80)));
      id = unk_id_;
      if (fuse_unk_ && at > 0 &&
          byte_ids_[static_cast<unsigned char>(piece[at - 1])] == StringTable::kNone) {
        continue;
      }
    }
    ids.push_back(id);
  }
}

void BpeModel::character_symbols(std::string_view piece, std::vector<int32_t>& ids) const {
  bool after_unknown = false;
  for (size_t at = 0; at < piece.size();) {
    const std::string_view character = piece.substr(at, char_at(piece, at).size);
    at += character.size();
    const int32_t id = find(character);
    if (id != StringTable::kNone) {
      ids.push_back(id);
      after_unknown = false;
      continue;
    }
    const auto token_of = [&](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
    if (byte_fallback_ && std::all_of(character.begin(), character.end(),
                                      [&](char c) { return token_of(c) != StringTable::kNone; })) {
      for (char c : character) ids.push_back(token_of(c));
      after_unknown = false;
      continue;
    }
    check_input(unk_id_ != StringTable::kNone,
                "{}: no token for the character \"{}\", and no unk_token", file_, character);
    if (!(fuse_unk_ && after_unknown)) ids.push_back(unk_id_);
    after_unknown = true;
  }
}

void BpeModel::merge_short(std::vector<int32_t>& ids) const {
  Merge next[kShortPiece];  // next[i] merges ids[i] with ids[i + 1]
  size_t size = ids.size();
  for (size_t i = 0; i + 1 < size; ++i) next[i] = merges_.find(ids[i], ids[i + 1]);
  while (size > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < size; ++i) {
      if (next[i].rank < next[best].rank) best = i;
    }
    if (next[best].rank == Merge::kNoRank) break;
    ids[best] = next[best].id;
    std::copy(ids.data() + best + 2, ids.data() + size, ids.data() + best + 1);
    std::copy(next + best + 1, next + size - 1, next + best);
    --size;
    if (best > 0) next[best - 1] = merges_.find(ids[best - 1], ids[best]);
    if (best + 1 < size) next[best] = merges_.find(ids[best], ids[best + 1]);
  }
  ids.resize(size);
}

void BpeModel::merge_long(std::vector<int32_t>& ids) const {
  check_input(ids.size() < Merge::kNoRank, "{}: a piece of {} symbols is too long", file_,
              ids.size());
  const auto size = static_cast<uint32_t>(ids.size());
  constexpr uint32_t kEnd = Merge::kNoRank;
  std::vector<uint32_t> before(size), after(size);
  std::vector<Merge> next(size);        // merge with the symbol after
  std::vector<uint64_t> heap;           // rank, position: lowest rank, then leftmost
  const auto push = [&](uint32_t at) {  // candidates of the past are skipped when they come up
    next[at] = after[at] == kEnd ? Merge{} : merges_.find(ids[at], ids[after[at]]);
    if (next[at].rank == Merge::kNoRank) return;
    heap.push_back(static_cast<uint64_t>(next[at].rank) << 32 | at);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  for (uint32_t at = 0; at < size; ++at) {
    before[at] = at == 0 ? kEnd : at - 1;
    after[at] = at + 1 == size ? kEnd : at + 1;
  }
  for (uint32_t at = 0; at < size; ++at) push(at);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const uint64_t top = heap.back();
    heap.pop_back();
    const auto at = static_cast<uint32_t>(top);
    if (next[at].rank != top >> 32) continue;
    const uint32_t gone = after[at];
    ids[at] = next[at].id;
    next[gone] = Merge{};
    ids[gone] = StringTable::kNone;
    after[at] = after[gone];
    if (after[at] != kEnd) before[after[at]] = at;
    push(at);
    if (before[at] != kEnd) push(before[at]);
  }
  std::erase(ids, StringTable::kNone);
}

}  // namespace grpo::policy
