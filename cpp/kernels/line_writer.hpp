// SPDX-License-Identifier: BSD-3-Clause
// The way out for an output far larger than the cache: it leaves in whole cache lines, past the cache, whatever the
// rows' length and the output's address. A line of which a part goes through the cache costs a trip to the memory, four
// times the work on a row of 100 floats.
#pragma once
#include "../math/simd.hpp"

namespace multinoulli {
namespace {

constexpr size_t line_bytes = 64;

template <class T>
class LineWriter {
    static constexpr size_t L = lanes<T>, line = line_bytes / sizeof(T);
    alignas(line_bytes) T buffer_[line + 2 * line];
    T* const pending_ = buffer_ + line;  // the line that is not full yet; vectors may spill on either side
    T* to_;                              // where the next element goes
    size_t filled_, strange_;            // elements of the line before `to_`, and how many of them are not ours

  public:
    INLINE explicit LineWriter(T* to) { start(to); }
    LineWriter(const LineWriter&) = delete;
    LineWriter& operator=(const LineWriter&) = delete;

    // The next element goes to to[0].
    INLINE void start(T* to) {
        to_ = to;
        filled_ = strange_ = reinterpret_cast<uintptr_t>(to) % line_bytes / sizeof(T);
    }

    // Sends f(from[0]) ... f(from[n - 1]) on their way, n >= line + lanes.
    template <class F>
    INLINE void append(const T* from, size_t n, F f) {
        size_t i = 0;
        if (filled_ > 0) {
            const size_t wanted = line - filled_;
            for (; i < wanted; i += L) store(pending_ + filled_ + i, f(load(from + i)));
            i = wanted;
            T* const start = to_ - filled_;
            if (strange_ > 0)
                __builtin_memcpy(start + strange_, pending_ + strange_, (line - strange_) * sizeof(T));
            else
                for (size_t j = 0; j < line; j += L) stream(start + j, load(pending_ + j));
        }
        T* const out = to_;
        for (; i + line <= n; i += line)
            for (size_t j = 0; j < line; j += L) stream(out + i + j, f(load(from + i + j)));
        filled_ = n - i;
        strange_ = 0;
        to_ = out + n;
        if (filled_ == 0) return;
        for (size_t j = 0; j + L <= filled_; j += L) store(pending_ + j, f(load(from + i + j)));
        store(pending_ + filled_ - L, f(load(from + n - L)));
    }

    // Writes what is still here.
    INLINE void finish() {
        __builtin_memcpy(to_ - (filled_ - strange_), pending_ + strange_, (filled_ - strange_) * sizeof(T));
    }
};

}  // namespace
}  // namespace multinoulli
