// SPDX-License-Identifier: BSD-3-Clause
// One step of training over a vector of parameters, in a single pass over the memory that all of it takes.
#pragma once
#include <cstddef>

namespace multinoulli {

// g is the sum of the gradients, and l2 theta for the weights, which come first; `kept` is what weights are multiplied
// by before they move, 1 for the others.
template <class T>
struct Step {
    T* theta;            // (size,)
    const T* gradients;  // (n_gradients, size)
    size_t n_gradients, size, n_weights;
    T *first, *second;  // (size,) what the steps before have left
    T l2, kept, rate;
};
// first += (1 - beta_1) (g - first), second += (1 - beta_2) (g^2 - second),
// theta -= rate first / (scale sqrt(second) + epsilon).
template <class T>
struct AdamStep : Step<T> {
    T beta_1, beta_2, scale, epsilon;
};
// first = momentum first - rate g; theta += nesterov ? momentum first - rate g : first.
template <class T>
struct MomentumStep : Step<T> {
    T momentum;
    bool nesterov;
};

// Of parameters begin..end-1. A parameter's bits do not depend on where it stands among them.
template <class T>
struct StepKernels {
    void (*adam)(const AdamStep<T>&, size_t begin, size_t end);
    void (*momentum)(const MomentumStep<T>&, size_t begin, size_t end);
};
struct StepTable {
    StepKernels<float> f32;
    StepKernels<double> f64;
};

#if defined(__x86_64__)
extern const StepTable steps_v2, steps_v3, steps_v4;
#else
extern const StepTable steps_baseline;
#endif

}  // namespace multinoulli
