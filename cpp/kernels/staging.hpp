// SPDX-License-Identifier: BSD-3-Clause
// The way out for groups of short rows: a buffer in step with the vectors of the output, so that whole aligned vectors
// leave it whatever the rows' length and the output's address. Storing the rows straight into the output was 1.2 times
// slower at 10 classes, 2 times at 64.
#pragma once
#include "../math/simd.hpp"

namespace multinoulli {
namespace {

template <class T, size_t capacity>
class Staging {
    static constexpr size_t L = lanes<T>;
    alignas(vector_bytes) T buffer_[capacity + 3 * L];  // what precedes the group, the group, what its stores spill
    T* out_;                                            // where the group goes
    size_t phase_;                                      // elements of the output's vector that precede the group
    bool first_ = true, streamed_;

  public:
    INLINE Staging(T* out, bool streamed)
        : out_(out), phase_(reinterpret_cast<uintptr_t>(out) % vector_bytes / sizeof(T)), streamed_(streamed) {}

    // Where the next group is to be written; a vector more than the group may be.
    INLINE T* group() { return buffer_ + phase_; }

    // Sends `vectors * L` elements on their way. Less than a vector of them stays behind for the next call.
    INLINE void flush(size_t vectors) {
        size_t i = 0;
        if (first_ && phase_ > 0) {
            __builtin_memcpy(out_, buffer_ + phase_, (L - phase_) * sizeof(T));
            i = 1;
        }
        if (streamed_)
            for (; i < vectors; i++) stream(out_ + i * L - phase_, load(buffer_ + i * L));
        else
            for (; i < vectors; i++) store(out_ + i * L - phase_, load(buffer_ + i * L));
        store(buffer_, load(buffer_ + vectors * L));
        out_ += vectors * L;
        first_ = false;
    }

    // The last group, of any number of elements, and what stayed behind.
    INLINE void finish(size_t elements) {
        const size_t behind = first_ ? 0 : phase_;
        __builtin_memcpy(out_ - behind, buffer_ + phase_ - behind, (behind + elements) * sizeof(T));
    }
};

}  // namespace
}  // namespace multinoulli
