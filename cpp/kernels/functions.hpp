// SPDX-License-Identifier: BSD-3-Clause
// The functions, each as what it writes once its row is known. How rows are read knows nothing of them; another
// function is another struct:
//   elements, per_row, labels   which members of Rows it uses
//   from_exps                   its elements are made of exps (of scores otherwise)
//   logarithm                   it needs log(sum), and so a sum of which no exp has lost anything: see Term
//   moves                       its value of a row moves with the scores
//   element, row, at_label      the values themselves
//   maximum                     the element of a maximum, where elements are made of exps
#pragma once
#include "summary.hpp"

namespace multinoulli {
namespace {

// An element from what was kept of it: a score, or an exp among which maxima are marked.
template <class Function, class V>
INLINE V element_of(V kept, const Normaliser<V>& n) {
    const V value = Function::element(kept, n);
    if constexpr (Function::from_exps)
        return kept == exp_of_maximum ? Function::maximum(n) : value;
    else
        return value;
}

struct Softmax {
    static constexpr bool elements = true, per_row = false, labels = false, from_exps = true, logarithm = false;
    static constexpr bool moves = false;
    template <class V>
    static INLINE V element(V exp, const Normaliser<V>& n) {
        V p = exp * n.inverse;
        if constexpr (sizeof(ElementOf<V>) == 8) {
            V low = rounded(exp * n.inverse_low);
            if constexpr (!products_fuse) low += rounding_of(p, exp, n.inverse);
            p += low;
        }
        return p;
    }
    template <class V>
    static INLINE V maximum(const Normaliser<V>& n) {
        return n.top;
    }
};

struct LogSoftmax {
    static constexpr bool elements = true, per_row = false, labels = false, from_exps = false, logarithm = true;
    static constexpr bool moves = false;
    template <class V>
    static INLINE V element(V score, const Normaliser<V>& n) {  // no term is positive: nothing cancels
        return ((score - n.max) - n.log_sum) - n.log_sum_low;
    }
};

struct LogSumExp {
    static constexpr bool elements = false, per_row = true, labels = false, from_exps = false, logarithm = true;
    static constexpr bool moves = true;
    static INLINE Vec<double> row(const Normaliser<Vec<double>>& n, Vec<double>) {
        const HighLow<Vec<double>> sum = two_sum(n.max, n.log_sum);
        return sum.high + (sum.low + n.log_sum_low);
    }
};

struct CrossEntropy {
    static constexpr bool elements = false, per_row = true, labels = true, from_exps = false, logarithm = true;
    static constexpr bool moves = false;
    // max - label_score comes first: a common offset vanishes in it.
    static INLINE Vec<double> row(const Normaliser<Vec<double>>& n, Vec<double> label_score) {
        return (n.max - label_score) + n.log_sum;
    }
};

struct CrossEntropyGradient : CrossEntropy {
    static constexpr bool elements = true, from_exps = true;
    template <class V>
    static INLINE V element(V exp, const Normaliser<V>& n) {
        return Softmax::element(exp, n);
    }
    template <class V>
    static INLINE V maximum(const Normaliser<V>& n) {
        return n.top;
    }
    // p - 1 at the label. Below the maximum p is at most 1/2; at it, 1 - p is `others`.
    template <class V>
    static INLINE V at_label(V p, V score, V max, V others) {
        return score == max ? 0 - others : p - 1;
    }
};

// log(sum(e^(x - max))), and with it the probabilities: what losses with shares of all classes are made of.
struct LogSum {
    static constexpr bool elements = false, per_row = true, labels = false, from_exps = false, logarithm = true;
    static constexpr bool moves = false;
    static INLINE Vec<double> row(const Normaliser<Vec<double>>& n, Vec<double>) { return n.log_sum; }
};
struct SoftmaxAndLogSum : Softmax {
    static constexpr bool per_row = true, logarithm = true;
    static INLINE Vec<double> row(const Normaliser<Vec<double>>& n, Vec<double>) { return n.log_sum; }
};

}  // namespace
}  // namespace multinoulli
