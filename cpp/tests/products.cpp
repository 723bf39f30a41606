// SPDX-License-Identifier: BSD-3-Clause
// Products with derivatives: for every tail of rows and of classes nothing is touched but what was given, and a row's
// bits are its own. Their accuracy is tested where the package is.
#include "batches.hpp"
#include "guarded.hpp"

namespace multinoulli::testing {
namespace {

constexpr const char* product_names[] = {"softmax", "log_softmax"};

template <class T>
void test(const KernelTable& table, size_t n, Side side) {
    constexpr size_t most = 2 * 16 + 8;
    const Batch<T> vectors = batch_of<T>(Scores::uniform_40, most, n, uint32_t(n));
    const std::vector<T> proba = run(table, softmax, batch_of<T>(Scores::normal, most, n, uint32_t(n))).elements;
    for (int product = 0; product < n_products; product++) {
        const ProductKernel<T> kernel = kernels_of<T>(table).products[product];
        std::vector<T> alone = proba;
        for (size_t r = 0; r < most; r++) kernel(alone.data() + r * n, vectors.row(r), alone.data() + r * n, 1, n);
        for (size_t rows = 1; rows <= most; rows++) {
            Guarded<T> given(rows * n, side), results(rows * n, side);
            std::copy_n(vectors.row(0), rows * n, given.data());
            std::copy_n(proba.data(), rows * n, results.data());
            kernel(results.data(), given.data(), results.data(), rows, n);
            expect(given.sentinels_stand() && results.sentinels_stand(),
                   "%s product of %s wrote outside, %zu rows of %zu", type_name<T>, product_names[product], rows, n);
            expect(std::memcmp(given.data(), vectors.row(0), rows * n * sizeof(T)) == 0,
                   "%s product of %s changed its vectors, %zu rows of %zu", type_name<T>, product_names[product], rows,
                   n);
            expect(std::memcmp(results.data(), alone.data(), rows * n * sizeof(T)) == 0,
                   "%s product of %s, %zu rows of %zu: other bits than alone", type_name<T>, product_names[product],
                   rows, n);
        }
    }
}

}  // namespace

void test_products(const KernelTable& table) {
    for (size_t n = 1; n <= few + 6; n++)
        for (Side side : {Side::start, Side::end}) {
            test<float>(table, n, side);
            test<double>(table, n, side);
        }
}

}  // namespace multinoulli::testing
