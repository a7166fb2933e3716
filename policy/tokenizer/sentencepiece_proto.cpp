#include "policy/tokenizer/sentencepiece_proto.h"

#include <cstring>

#include "base/error.h"

namespace grpo::policy {
namespace {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// Reads the fields of one protobuf message; groups, which the schema does not use, are refused.
class MessageReader {
 public:
  MessageReader(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  struct Field {
    uint64_t number = 0;
    uint64_t varint = 0;     // kVarint
    std::string_view bytes;  // kBytes
  };

  bool next(Field& field) {
    if (bytes_.empty()) return false;
    const uint64_t tag = varint();
    field = {tag >> 3, 0, {}};
    switch (tag & 7) {
      case kVarint:
        field.varint = varint();
        break;
      case kFixed64:
        take(8);
        break;
      case kBytes:
        field.bytes = take(varint());
        break;
      case kFixed32:
        take(4);
        break;
      default:
        check_input(false, "{}: not a SentencePiece model: wire type {}", file_, tag & 7);
    }
    return true;
  }

 private:
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw Error(fmt::format("{}: not a SentencePiece model: overlong number", file_), 2);
  }

  std::string_view take(uint64_t size) {
    check_input(size <= bytes_.size(), "{}: not a SentencePiece model: cut off", file_);
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  const std::string& file_;
};

class MessageWriter {
 public:
  void varint_field(uint32_t number, uint64_t value) {
    varint(number << 3 | kVarint);
    varint(value);
  }
  void bytes_field(uint32_t number, std::string_view bytes) {
    varint(number << 3 | kBytes);
    varint(bytes.size());
    out_ += bytes;
  }
  void float_field(uint32_t number, float value) {
    varint(number << 3 | kFixed32);
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    for (int shift = 0; shift < 32; shift += 8) out_ += static_cast<char>(bits >> shift & 0xFF);
  }
  std::string take() { return std::move(out_); }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>((value & 0x7F) | 0x80);
    out_ += static_cast<char>(value);
  }

  std::string out_;
};

// Field numbers of sentencepiece_model.proto.
constexpr uint32_t kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3, kDenormalizerSpec = 5;
constexpr uint32_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr uint32_t kModelType = 3, kVocabSize = 4, kWhitespaceSuffix = 24, kByteFallback = 35,
                   kUnkId = 40, kBosId = 41, kEosId = 42, kPadId = 43, kUnkSurface = 44,
                   kUnkPiece = 45, kBosPiece = 46, kEosPiece = 47, kPadPiece = 48;
constexpr uint32_t kNormalizerName = 1, kCharsMap = 2, kDummyPrefix = 3, kExtraWhitespaces = 4,
                   kEscapeWhitespaces = 5;
constexpr uint64_t kModelTypeBpe = 2;

}  // namespace

SentencePieceSpec read_sentencepiece_spec(std::string_view proto, const std::string& file) {
  SentencePieceSpec spec;
  MessageReader::Field field, inner;
  for (MessageReader model(proto, file); model.next(field);) {
    MessageReader message(field.bytes, file);
    if (field.number == kPieces) {
      spec.types.push_back(PieceType::kNormal);
      while (message.next(inner)) {
        if (inner.number == kPieceType) spec.types.back() = static_cast<PieceType>(inner.varint);
      }
    } else if (field.number == kTrainerSpec) {
      while (message.next(inner)) {
        if (inner.number == kModelType) spec.bpe = inner.varint == kModelTypeBpe;
        if (inner.number == kWhitespaceSuffix) spec.treat_whitespace_as_suffix = inner.varint;
        if (inner.number == kUnkSurface) spec.unk_surface = inner.bytes;
      }
    } else if (field.number == kNormalizerSpec) {
      while (message.next(inner)) {
        if (inner.number == kCharsMap) spec.has_normalizer_rules = !inner.bytes.empty();
        if (inner.number == kDummyPrefix) spec.add_dummy_prefix = inner.varint;
        if (inner.number == kExtraWhitespaces) spec.remove_extra_whitespaces = inner.varint;
        if (inner.number == kEscapeWhitespaces) spec.escape_whitespaces = inner.varint;
      }
    } else if (field.number == kDenormalizerSpec) {
      while (message.next(inner)) {
        if (inner.number == kCharsMap && !inner.bytes.empty()) spec.has_denormalizer = true;
      }
    }
  }
  return spec;
}

std::string without_dummy_prefix(std::string proto) {
  MessageWriter normalizer, model;
  normalizer.varint_field(kDummyPrefix, 0);
  model.bytes_field(kNormalizerSpec, normalizer.take());
  return std::move(proto) + model.take();
}

std::string make_sentencepiece_proto(const std::vector<Piece>& pieces, const SentencePieceIds& ids,
                                     bool byte_fallback, bool add_dummy_prefix) {
  MessageWriter model;
  for (const Piece& piece : pieces) {
    MessageWriter message;
    message.bytes_field(kPieceText, piece.text);
    message.float_field(kPieceScore, piece.score);
    message.varint_field(kPieceType, static_cast<uint64_t>(piece.type));
    model.bytes_field(kPieces, message.take());
  }
  MessageWriter trainer;
  trainer.varint_field(kModelType, kModelTypeBpe);
  trainer.varint_field(kVocabSize, pieces.size());
  trainer.varint_field(kByteFallback, byte_fallback);
  const auto special = [&](int32_t id, uint32_t id_field, uint32_t piece_field) {
    // A negative int32 is written as its 64-bit two's complement.
    trainer.varint_field(id_field, static_cast<uint64_t>(static_cast<int64_t>(id)));
    if (id >= 0) trainer.bytes_field(piece_field, pieces[static_cast<size_t>(id)].text);
  };
  special(ids.unk, kUnkId, kUnkPiece);
  special(ids.bos, kBosId, kBosPiece);
  special(ids.eos, kEosId, kEosPiece);
  special(ids.pad, kPadId, kPadPiece);
  model.bytes_field(kTrainerSpec, trainer.take());
  MessageWriter normalizer;
  normalizer.bytes_field(kNormalizerName, "identity");
  normalizer.varint_field(kDummyPrefix, add_dummy_prefix);
  normalizer.varint_field(kExtraWhitespaces, 0);
  normalizer.varint_field(kEscapeWhitespaces, 1);
  model.bytes_field(kNormalizerSpec, normalizer.take());
  return model.take();
}

}  // namespace grpo::policy
