// SPDX-License-Identifier: BSD-3-Clause
// All tests of the kernels of one instruction set, the one named by MULTINOULLI_ISA.
#include <chrono>

#include "harness.hpp"

#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(kernels_, isa)
#define ELEMENTWISE_OF(isa) JOIN(elementwise_, isa)

namespace multinoulli {
// One of them is no part of kernels.hpp: wide vectors on narrow machines.
extern const KernelTable TABLE_OF(MULTINOULLI_ISA);
extern const ElementwiseTable ELEMENTWISE_OF(MULTINOULLI_ISA);
}  // namespace multinoulli

namespace multinoulli::testing {
namespace {

constexpr int skipped = 77;  // ctest's SKIP_RETURN_CODE

bool cpu_has(const char* isa) {
#if defined(__x86_64__)
    if (std::strncmp(isa, "v4", 2) == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (std::strncmp(isa, "v3", 2) == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
#else
    return isa != nullptr;
#endif
}

int run_all(const KernelTable& table, const ElementwiseTable& elementwise) {
    if (!cpu_has(table.name)) {
        std::printf("skipped: this processor has not the instructions of %s\n", table.name);
        return skipped;
    }
    const auto start = std::chrono::steady_clock::now();
    auto timed = [&](const char* what) {
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
        std::printf("%-15s done at %.1f s, %d failures\n", what, passed.count(), failures);
    };
    test_math();
    timed("math");
    test_accuracy(table);
    timed("accuracy");
    test_special_values(table);
    timed("special values");
    test_invariance(table);
    timed("invariance");
    test_memory(table);
    timed("memory");
    test_products(table);
    timed("products");
    test_elementwise(elementwise);
    timed("elementwise");
    test_losses(table, elementwise);
    timed("losses");
    return failures ? 1 : 0;
}

}  // namespace
}  // namespace multinoulli::testing

int main() {
    using namespace multinoulli;
    return testing::run_all(TABLE_OF(MULTINOULLI_ISA), ELEMENTWISE_OF(MULTINOULLI_ISA));
}
