// Moves codes between numpy arrays and the ports of a compiled simulation.
//
// Codes of a port lie one after the other: element by element, cycle by cycle. A code is an
// unsigned integer of the narrowest type that holds it, or words of 64 bits, least first.
#include <cstddef>
#include <cstdint>

#define FFP8_VISIBLE extern "C" __attribute__((visibility("default")))

namespace ffp8 {

using chunk = uint32_t;

constexpr size_t chunks(size_t bits) { return (bits + 31) / 32; }

// Ports start out as zeros, so that bits can be added with "or".
inline void put(chunk *port, size_t offset, size_t bits, uint64_t code) {
  size_t index = offset / 32, shift = offset % 32;
  port[index] |= chunk(code << shift);
  if (shift + bits > 32) port[index + 1] |= chunk(code >> (32 - shift));
  if (shift + bits > 64) port[index + 2] |= chunk(code >> (64 - shift));
}

inline uint64_t get(const chunk *port, size_t offset, size_t bits) {
  size_t index = offset / 32, shift = offset % 32;
  uint64_t code = uint64_t(port[index]) >> shift;
  if (shift + bits > 32) code |= uint64_t(port[index + 1]) << (32 - shift);
  if (shift + bits > 64) code |= uint64_t(port[index + 2]) << (64 - shift);
  return bits == 64 ? code : code & ((uint64_t(1) << bits) - 1);
}

constexpr size_t words(size_t width) { return (width + 63) / 64; }

constexpr size_t word_bits(size_t width, size_t word) {
  return width - 64 * word < 64 ? width - 64 * word : 64;
}

// The codes of one cycle, as the bits of a port.
template <size_t Width, size_t Elements, class Code>
inline void pack(const Code *codes, chunk *port) {
  if constexpr (Elements == 1 && Width <= 32) {
    port[0] = chunk(codes[0]);
  } else {
    for (size_t index = 0; index < chunks(Width * Elements); index++) port[index] = 0;
    for (size_t element = 0; element < Elements; element++)
      for (size_t word = 0; word < words(Width); word++)
        put(port, element * Width + 64 * word, word_bits(Width, word),
            codes[element * words(Width) + word]);
  }
}

// The bits of a port, as the codes of one cycle.
template <size_t Width, size_t Elements, class Code>
inline void unpack(const chunk *port, Code *codes) {
  if constexpr (Elements == 1 && Width <= 32) {
    codes[0] = Code(port[0]);
  } else {
    for (size_t element = 0; element < Elements; element++)
      for (size_t word = 0; word < words(Width); word++)
        codes[element * words(Width) + word] =
            Code(get(port, element * Width + 64 * word, word_bits(Width, word)));
  }
}

}  // namespace ffp8
