// SPDX-License-Identifier: BSD-3-Clause
#include "compute_elementwise.hpp"

#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t chunk = size_t(1) << 16;           // a thread's share at a time
constexpr size_t block = 512;                       // gathered together
constexpr size_t streamed_bytes = size_t(8) << 20;  // an output of this size has left the cache before it is read

struct Run {
    const char* x;
    npy_intp x_stride;
    char* y;
    npy_intp y_stride;
};

// The bytes from the first element to the last, whichever lies lower.
struct Extent {
    const char *begin, *end;
    Extent(const char* first, npy_intp stride, size_t n, size_t item) {
        const npy_intp reach = stride * npy_intp(n - 1);
        begin = first + std::min<npy_intp>(reach, 0);
        end = first + std::max<npy_intp>(reach, 0) + item;
    }
    bool overlaps(const Extent& other) const { return begin < other.end && other.begin < end; }
};

template <class T>
void compute_strided(ElementwiseKernel<T> kernel, const Run& run, size_t begin, size_t end) {
    T some[block];
    for (size_t first = begin; first < end; first += block) {
        const size_t n = std::min(block, end - first);
        const char* x = run.x + npy_intp(first) * run.x_stride;
        char* y = run.y + npy_intp(first) * run.y_stride;
        for (size_t i = 0; i < n; i++) some[i] = *reinterpret_cast<const T*>(x + npy_intp(i) * run.x_stride);
        kernel(some, some, n, false);
        for (size_t i = 0; i < n; i++) *reinterpret_cast<T*>(y + npy_intp(i) * run.y_stride) = some[i];
    }
}

}  // namespace

template <class T>
void compute_elementwise(ElementwiseFunction function, const char* x, npy_intp x_stride, char* y, npy_intp y_stride,
                         npy_intp n_elements) {
    if (n_elements <= 0) return;
    constexpr npy_intp item = sizeof(T);
    const size_t n = size_t(n_elements);
    const Run run{x, x_stride, y, y_stride};
    const ElementwiseKernel<T> kernel = elementwise_kernel<T>(function);
    const bool in_place = x == y && x_stride == y_stride;
    const bool contiguous = n == 1 || (x_stride == item && y_stride == item);
    const bool streamed = !in_place && n * item > streamed_bytes;
    const auto work = [&](size_t begin, size_t end) {
        if (contiguous)
            kernel(reinterpret_cast<const T*>(x) + begin, reinterpret_cast<T*>(y) + begin, end - begin, streamed);
        else
            compute_strided(kernel, run, begin, end);
    };
    // NumPy lets x and y overlap where every element is read before another is written over it: in this order only.
    if (!in_place && Extent(x, x_stride, n, item).overlaps(Extent(y, y_stride, n, item))) return work(0, n);
    over_rows(n, chunk, double(n) * (0.25 * item + (contiguous ? 0 : 2)), [&] { return work; });
}

template void compute_elementwise<float>(ElementwiseFunction, const char*, npy_intp, char*, npy_intp, npy_intp);
template void compute_elementwise<double>(ElementwiseFunction, const char*, npy_intp, char*, npy_intp, npy_intp);

}  // namespace multinoulli
