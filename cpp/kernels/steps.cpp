// SPDX-License-Identifier: BSD-3-Clause
// The steps for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its name.
#include "steps.hpp"

#include <cmath>

#include "../math/simd.hpp"

namespace multinoulli {
namespace {

template <class V>
INLINE V square_root(V v) {
#if MULTINOULLI_VECTOR_BYTES == 64 && defined(__AVX512F__)
    if constexpr (sizeof(ElementOf<V>) == 4)
        return reinterpret_cast<V>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(v)));
    else
        return reinterpret_cast<V>(_mm512_maskz_sqrt_pd(0xff, reinterpret_cast<__m512d>(v)));
#else
    V root;
    for (size_t i = 0; i < sizeof(V) / sizeof(v[0]); i++) root[i] = std::sqrt(v[i]);
    return root;
#endif
}

// What of a step lies at some parameters.
template <class V>
struct At {
    V theta, g, first, second;
};

template <class T, class V>
INLINE void move(const AdamStep<T>& step, At<V>& at, T kept) {
    at.first += (1 - step.beta_1) * (at.g - at.first);
    at.second += (1 - step.beta_2) * (at.g * at.g - at.second);
    at.theta = kept * at.theta - step.rate * at.first / (step.scale * square_root(at.second) + step.epsilon);
}
template <class T, class V>
INLINE void move(const MomentumStep<T>& step, At<V>& at, T kept) {
    const V down = step.rate * at.g;
    at.first = step.momentum * at.first - down;
    at.theta = kept * at.theta + (step.nesterov ? step.momentum * at.first - down : at.first);
}

template <class Kind>
constexpr bool has_second = false;
template <class T>
constexpr bool has_second<AdamStep<T>> = true;

// The parameters from i on, a vector of them: the one copy of the code, whose products the compiler may fuse one way
// or the other. `n` of them are real.
template <class Kind, class T>
__attribute__((noinline)) void move_vectors(const Kind& step, size_t begin, size_t end, T l2, T kept) {
    constexpr bool second = has_second<Kind>;
    for (size_t i = begin; i < end; i += lanes<T>) {
        At<Vec<T>> at{load(step.theta + i), load(step.gradients + i), load(step.first + i), {}};
        if constexpr (second) at.second = load(step.second + i);
        for (size_t j = 1; j < step.n_gradients; j++) at.g += load(step.gradients + j * step.size + i);
        at.g += l2 * at.theta;
        move(step, at, kept);
        store(step.theta + i, at.theta);
        store(step.first + i, at.first);
        if constexpr (second) store(step.second + i, at.second);
    }
}

// n < lanes parameters, by way of memory that has as many as a vector.
template <class Kind, class T>
void move_few(const Kind& step, size_t begin, size_t n, T l2, T kept) {
    T theta[lanes<T>] = {}, gradient[lanes<T>] = {}, first[lanes<T>] = {}, second[lanes<T>] = {};
    for (size_t i = 0; i < n; i++) {
        theta[i] = step.theta[begin + i], first[i] = step.first[begin + i];
        if constexpr (has_second<Kind>) second[i] = step.second[begin + i];
        for (size_t j = 0; j < step.n_gradients; j++) gradient[i] += step.gradients[j * step.size + begin + i];
    }
    Kind padded = step;
    padded.theta = theta, padded.gradients = gradient, padded.n_gradients = 1, padded.size = lanes<T>;
    padded.first = first, padded.second = second;
    move_vectors(padded, 0, lanes<T>, l2, kept);
    for (size_t i = 0; i < n; i++) {
        step.theta[begin + i] = theta[i], step.first[begin + i] = first[i];
        if constexpr (has_second<Kind>) step.second[begin + i] = second[i];
    }
}

template <class Kind, class T>
void move_range(const Kind& step, size_t begin, size_t end, T l2, T kept) {
    if (begin >= end) return;
    const size_t whole = (end - begin) / lanes<T> * lanes<T>;
    move_vectors(step, begin, begin + whole, l2, kept);
    if (begin + whole < end) move_few(step, begin + whole, end - begin - whole, l2, kept);
}

template <class T, class Kind>
void step_kernel(const Kind& step, size_t begin, size_t end) {
    const size_t weights = end < step.n_weights ? end : begin > step.n_weights ? begin : step.n_weights;
    move_range(step, begin, weights, step.l2, step.kept);
    move_range(step, weights, end, T(0), T(1));
}

template <class T>
constexpr StepKernels<T> step_kernels = {step_kernel<T, AdamStep<T>>, step_kernel<T, MomentumStep<T>>};

#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(steps_, isa)

}  // namespace

extern const StepTable TABLE_OF(MULTINOULLI_ISA);
const StepTable TABLE_OF(MULTINOULLI_ISA) = {step_kernels<float>, step_kernels<double>};

}  // namespace multinoulli
