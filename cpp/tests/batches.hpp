// SPDX-License-Identifier: BSD-3-Clause
// Scores that have been hard on softmax functions, for all lengths at which the kernels change what they do.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "calls.hpp"

namespace multinoulli::testing {

enum class Scores {
    normal,
    uniform_40,
    uniform_500,
    offset_1e4,
    offset_1e6,
    confident,  // one class 5 ... 300 above the others
    near_equal,
    ties,
    all_equal,
    underflow,  // down to subnormal probabilities and below
    tiny,
    ascending,  // the maximum grows from block to block
    descending,
    steep,        // ... by thousands
    huge_offset,  // beyond what the exponential takes
    huge,         // differences that overflow
    range_end,    // on both sides of the largest that an exponential takes, and just there
    mostly_minus_infinity,
    last
};

template <class T>
Batch<T> batch_of(Scores kind, size_t rows, size_t n, uint32_t seed) {
    constexpr bool single = sizeof(T) == 4;
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    auto uniform = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
    auto score = [&](size_t k) -> double {
        switch (kind) {
            case Scores::normal:
                return 2 * normal(random);
            case Scores::uniform_40:
                return uniform(-40, 40);
            case Scores::uniform_500:
                return uniform(-500, 500);
            case Scores::offset_1e4:
                return 1e4 + normal(random);
            case Scores::offset_1e6:
                return 1e6 + normal(random);
            case Scores::near_equal:
                return 1e-3 * normal(random) - std::log(double(n));
            case Scores::ties:
                return std::round(normal(random));
            case Scores::all_equal:
                return -3.25;
            case Scores::underflow:
                return uniform(single ? -110 : -760, 0);
            case Scores::tiny:
                return normal(random) * (single ? 1e-40 : 1e-310);
            case Scores::ascending:
            case Scores::descending:
                return uniform(-90, 90);
            case Scores::steep:
                return (single ? 5. : 40.) * double(k) + normal(random);
            case Scores::huge_offset:
                return (single ? -3e6 : 3e15) + 4 * normal(random);
            case Scores::huge:
                return std::numeric_limits<T>::max() * uniform(-1, 1);
            case Scores::range_end:
                return (single ? n % 2 ? 1024. : 65536. : n % 2 ? 1e6 : 1e9) + std::round(2 * normal(random));
            case Scores::mostly_minus_infinity:
                return k * 3 < n * 2 ? -INFINITY : normal(random);
            default:
                return normal(random);
        }
    };
    Batch<T> batch(rows, n);
    for (size_t r = 0; r < rows; r++) {
        T* row = batch.row(r);
        for (size_t k = 0; k < n; k++) row[k] = T(score(k));
        if (kind == Scores::confident) row[random() % n] += T(uniform(5, single ? 110 : 300));
        if (kind == Scores::ascending) std::sort(row, row + n);
        if (kind == Scores::descending) std::sort(row, row + n, std::greater<>());
        batch.labels[r] = r % 2 ? std::max_element(row, row + n) - row : int64_t(random() % n);
    }
    return batch;
}

// Every tail of every vector length, both sides of each change of strategy, of block and of part; and, apart, rows
// beyond the caches: where no exps are kept, and for all functions.
inline std::vector<size_t> lengths() {
    std::vector<size_t> all;
    for (size_t n = 1; n <= 2 * 16 + 3; n++) all.push_back(n);
    for (size_t n : {63,  64,   65,   66,   127,  128,  129,  130,  511,  512,  513,
                     767, 1000, 1023, 1024, 1025, 1026, 2047, 2048, 2049, 3000, 4099})
        all.push_back(n);
    return all;
}
constexpr size_t long_rows[] = {65537, 300000};
inline size_t rows_for(size_t n) { return n <= 130 ? 2 * 16 + 5 : n < long_rows[0] ? 4 : 1; }

}  // namespace multinoulli::testing
