// SPDX-License-Identifier: BSD-3-Clause
// Steps of training: contiguous vectors of parameters, gradients of shape (n_gradients, size), `threads` changes no
// bit.
#include "arguments.hpp"
#include "instruction_set.hpp"
#include "module.hpp"
#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t chunk = size_t(1) << 14;

// theta, gradients and first are arguments 0 to 2; n_weights, l2, kept and rate those from `numbers` on.
template <class T>
Step<T> step_of(const Arguments& arguments, int numbers) {
    const size_t size = arguments.length(0, 0, 1), n_gradients = arguments.length(1, 0, 2);
    const double n_weights = arguments.number(numbers);
    if (n_gradients == 0) fail(PyExc_ValueError, "there must be a gradient");
    if (!(n_weights >= 0 && n_weights <= double(size)))
        fail(PyExc_ValueError, "there cannot be more weights than the %zu parameters", size);
    return {arguments.array<T>(0, {size}),
            arguments.array<const T>(1, {n_gradients, size}),
            n_gradients,
            size,
            size_t(n_weights),
            arguments.array<T>(2, {size}),
            nullptr,
            T(arguments.number(numbers + 1)),
            T(arguments.number(numbers + 2)),
            T(arguments.number(numbers + 3))};
}

template <class Kernel, class Kind>
void run(Kernel kernel, const Kind& step, int threads) {
    const WithoutGil running;
    const double ns = double(step.size) * sizeof(*step.theta) * 0.15;
    over_rows(
        step.size, chunk, ns, [&] { return [&](size_t begin, size_t end) { kernel(step, begin, end); }; }, threads);
}

template <class T>
const StepKernels<T>& step_kernels() {
    if constexpr (sizeof(T) == sizeof(float))
        return steps->f32;
    else
        return steps->f64;
}

template <class T>
void adam(const Arguments& arguments) {
    AdamStep<T> step{step_of<T>(arguments, 4), T(arguments.number(8)), T(arguments.number(9)), T(arguments.number(10)),
                     T(arguments.number(11))};
    step.second = arguments.array<T>(3, {step.size});
    run(step_kernels<T>().adam, step, arguments.at_least_one(12));
}
PyObject* adam_step(const Arguments& arguments) {
    arguments.is_of<float>(0) ? adam<float>(arguments) : adam<double>(arguments);
    Py_RETURN_NONE;
}

template <class T>
void momentum(const Arguments& arguments) {
    const MomentumStep<T> step{step_of<T>(arguments, 3), T(arguments.number(7)), arguments.number(8) != 0};
    run(step_kernels<T>().momentum, step, arguments.at_least_one(9));
}
PyObject* momentum_step(const Arguments& arguments) {
    arguments.is_of<float>(0) ? momentum<float>(arguments) : momentum<double>(arguments);
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    checked_method<adam_step, 13>(
        "adam_step",
        "adam_step(theta, gradients, first, second, n_weights, l2, kept, rate, beta_1, beta_2, scale, epsilon,\n"
        "    threads, /)\n--\n\nOne step of Adam, in place, along the sum of the gradients and l2 times the weights, "
        "which come first\nand are multiplied by `kept`."),
    checked_method<momentum_step, 10>("momentum_step",
                                      "momentum_step(theta, gradients, velocity, n_weights, l2, kept, rate, momentum, "
                                      "nesterov, threads, /)\n--\n\nThe same for gradient descent with momentum."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_steps(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace multinoulli
