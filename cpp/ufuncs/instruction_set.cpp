// SPDX-License-Identifier: BSD-3-Clause
#include "instruction_set.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "numpy.hpp"

namespace multinoulli {

const KernelTable* kernels = nullptr;
const ElementwiseTable* elementwise_kernels = nullptr;
const LinearTable* linear_kernels = nullptr;
const NaiveBayesTable* naive_bayes_kernels = nullptr;
const StepTable* steps = nullptr;

namespace {

struct Candidate {
    const KernelTable* table;
    const ElementwiseTable* elementwise;
    const LinearTable* linear;
    const NaiveBayesTable* naive_bayes;
    const StepTable* steps;
    bool supported;
};

std::vector<Candidate> best_first() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    return {{&kernels_v4, &elementwise_v4, &linear_v4, &naive_bayes_v4, &steps_v4,
             bool(__builtin_cpu_supports("x86-64-v4"))},
            {&kernels_v3, &elementwise_v3, &linear_v3, &naive_bayes_v3, &steps_v3,
             bool(__builtin_cpu_supports("x86-64-v3"))},
            {&kernels_v2, &elementwise_v2, &linear_v2, &naive_bayes_v2, &steps_v2,
             bool(__builtin_cpu_supports("x86-64-v2"))}};
#else
    return {{&kernels_baseline, &elementwise_baseline, &linear_baseline, &naive_bayes_baseline, &steps_baseline, true}};
#endif
}

}  // namespace

bool choose_kernels() {
    const char* named = std::getenv("MULTINOULLI_ISA");
    const std::string wanted = named ? named : "";
    std::string usable;
    bool known = wanted.empty();
    for (const Candidate& candidate : best_first()) {
        known |= wanted == candidate.table->name;
        if (!candidate.supported) continue;
        if (wanted.empty() || wanted == candidate.table->name) {
            kernels = candidate.table;
            elementwise_kernels = candidate.elementwise;
            linear_kernels = candidate.linear;
            naive_bayes_kernels = candidate.naive_bayes;
            steps = candidate.steps;
            return true;
        }
        usable = candidate.table->name + (usable.empty() ? "" : ", " + usable);
    }
    if (usable.empty())
        PyErr_SetString(PyExc_ImportError, "multinoulli needs a processor with at least x86-64-v2 (SSE4.2)");
    else
        PyErr_Format(PyExc_ImportError, "MULTINOULLI_ISA=%s: %s; unset it, or choose from: %s", wanted.c_str(),
                     known ? "this processor lacks that instruction set" : "no such instruction set in this build",
                     usable.c_str());
    return false;
}

}  // namespace multinoulli
