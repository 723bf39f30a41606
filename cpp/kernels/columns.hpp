// SPDX-License-Identifier: BSD-3-Clause
// Rows that stand upright, side by side: a lane is a row as it lies, nothing is transposed. Up to 64 classes are kept;
// more are read in bundles of eight classes, with a maximum and an exponent for every row, and their exps computed
// afresh when they are written.
#pragma once
#include "../math/tails.hpp"
#include "lanes.hpp"

namespace multinoulli {
namespace {

// The way out, class after class, of `count` columns: around the cache where whole cache lines can be written, because
// each class starts at the same place of a line or where the one before it ended.
template <class T>
class ClassWriter {
    const size_t count_;
    const bool adjoining_, streamed_;
    LineWriter<T> lines_;

  public:
    ClassWriter(const Columns<T>& columns, T* first, size_t count)
        : count_(count),
          adjoining_(columns.element_stride == ptrdiff_t(count)),
          streamed_(columns.streamed && columns.elements != columns.scores && count * sizeof(T) >= 2 * line_bytes &&
                    (adjoining_ || columns.element_stride * ptrdiff_t(sizeof(T)) % ptrdiff_t(line_bytes) == 0)),
          lines_(first) {}

    INLINE void write(const T* from, T* to) {
        if (!streamed_) {
            __builtin_memcpy(to, from, count_ * sizeof(T));
            return;
        }
        if (!adjoining_) lines_.start(to);
        lines_.append(from, count_, [](Vec<T> v) __attribute__((always_inline)) { return v; });
        if (!adjoining_) lines_.finish();
    }
    INLINE void finish() {
        if (streamed_ && adjoining_) lines_.finish();
    }
};

template <class Function, class T>
void few_classes_upright(const Columns<T>& columns, size_t begin, size_t end) {
    constexpr size_t L = lanes<T>;
    Lanes<T> batch(columns.n_classes);
    const size_t n = batch.n, at_once = batch.rows_at_once();
    for (size_t first = begin; first < end; first += at_once) {
        const size_t count = end - first < at_once ? end - first : at_once, groups = (count + L - 1) / L;
        const size_t whole = count / L;
        for (size_t k = 0; k < n; k++) {
            const T* scores = columns.scores + ptrdiff_t(k) * columns.class_stride + first;
            Vec<T>* column = batch.columns + k;
            for (size_t g = 0; g < whole; g++, column += batch.pitch) *column = load(scores + g * L);
            if (whole < groups) *column = load_some(scores + whole * L, count - whole * L);
        }
        const T* const next = columns.scores + first + at_once;
        compute<Function>(
            batch, count, Function::labels ? columns.labels + first : nullptr,
            [&](size_t row, T* to) {
                for (size_t k = 0; k < n; k++)
                    to[k] = columns.scores[ptrdiff_t(k) * columns.class_stride + first + row];
            },
            [&](size_t g, size_t k) __attribute__((always_inline)) {
                if (g * vector_bytes % line_bytes == 0)
                    prefetch(next + ptrdiff_t(k) * columns.class_stride, g * vector_bytes);
            });
        if constexpr (Function::per_row) __builtin_memcpy(columns.per_row + first, batch.per_row, count * sizeof(T));
        if constexpr (Function::elements) {
            T* const elements = columns.elements + first;
            ClassWriter<T> writer(columns, elements, count);
            for (size_t k = 0; k < n; k++) {
                T line[Lanes<T>::most_groups * L];
                for (size_t g = 0; g < groups; g++) store(line + g * L, batch.group(g)[k]);
                writer.write(line, elements + ptrdiff_t(k) * columns.element_stride);
            }
            writer.finish();
        }
    }
}

// What is known so far of `lanes` rows, one a lane; see Running.
template <class T>
struct RunningLanes {
    Vec<T> max, k;
    IntVec<T> maxima;
    Total<T> rest;
    IntVec<T> odd;
};

template <class T>
INLINE RunningLanes<T> nothing_read() {
    const Vec<T> lowest = splat(-ExpConstants<T>::limit);
    return {lowest, exponent_near(lowest), IntVec<T>{}, Total<T>{}, IntVec<T>{}};
}

// 2^e for whole e in -1000 ... 0; below, as at -1000.
INLINE Vec<double> power_of_two(Vec<double> e) {
    const Vec<double> field = at_least(Vec<double>{} - 1000., e) + (0x1.8p52 + 1023);
    return reinterpret_cast<Vec<double>>(reinterpret_cast<BitVec<double>>(field) << 52);
}
INLINE void scale(Total<float>& rest, Vec<float> change) {
    rest.low *= power_of_two(widen_low(change));
    rest.high *= power_of_two(widen_high(change));
}
INLINE void scale(Total<double>& rest, Vec<double> change) {  // in two steps: e^-1050 has to become 0
    const Vec<double> first = power_of_two(change),
                      second = power_of_two(change < -1000. ? change + 1000. : change * 0.);
    rest.sum = rest.sum * first * second;
    rest.lost = rest.lost * first * second;
}

constexpr size_t bundle = 8;

template <bool precise, class T>
INLINE void read_bundle(const Vec<T> (&scores)[bundle], RunningLanes<T>& so_far) {
    using V = Vec<T>;
    const V limit = splat(ExpConstants<T>::limit), zero = {};
    V top = so_far.max;
    for (size_t i = 0; i < bundle; i++) top = max_ignoring_nan(top, scores[i]);
    if (any_lane(top > so_far.max)) {  // the old maxima join the rest, in the units of the new one
        so_far.odd |= top > limit;
        top = top > limit ? limit : top;
        const V k = exponent_near(top), joining = top > so_far.max ? to_floating(so_far.maxima) : zero;
        so_far.rest.add_multiple(joining, exp_term<true>(so_far.max, exp_offset(so_far.k)));
        scale(so_far.rest, so_far.k - k);
        so_far.maxima = top > so_far.max ? IntVec<T>{} : so_far.maxima;
        so_far.max = top;
        so_far.k = k;
    }
    const V max = so_far.max, offset = exp_offset(so_far.k), negligible = max - ExpConstants<T>::reach;
    const auto exp_below_max = [&](V score) __attribute__((always_inline)) {
        return exp_below<precise, true>(score, max, negligible, offset, so_far.maxima);
    };
#pragma GCC unroll 4
    for (size_t i = 0; i < bundle; i += 4)
        add_terms<precise>(so_far.rest, exp_below_max(scores[i]), exp_below_max(scores[i + 1]),
                           exp_below_max(scores[i + 2]), exp_below_max(scores[i + 3]));
}

// At least `lanes` columns; the last vector overlaps the one before it, and finds there what it would have found.
template <class Function, class T>
class Tile {
    using V = Vec<T>;
    static constexpr size_t L = lanes<T>, most = 4096 / vector_bytes;

    const Columns<T>& all_;
    const size_t first_, count_, vectors_;
    bool any_odd_ = false;
    RunningLanes<T> running_[most];
    Normaliser<V> normalisers_[most];
    V offsets_[most];
    T label_scores_[most * L], per_row_[most * L];
    ElementOf<IntVec<T>> labels_[most * L];

    const T* scores(size_t k) const { return all_.scores + ptrdiff_t(k) * all_.class_stride + first_; }
    T* elements(size_t k) const { return all_.elements + ptrdiff_t(k) * all_.element_stride + first_; }
    size_t start(size_t v) const { return v * L + L <= count_ ? v * L : count_ - L; }

  public:
    static constexpr size_t width = most * L;

    Tile(const Columns<T>& all, size_t first, size_t count)
        : all_(all), first_(first), count_(count), vectors_((count + L - 1) / L) {}

    void read() {
        const V lowest = V{} - __builtin_inff();
        for (size_t v = 0; v < vectors_; v++) running_[v] = nothing_read<T>();
        for (size_t k = 0; k < all_.n_classes; k += bundle) {
            const size_t rows = all_.n_classes - k < bundle ? all_.n_classes - k : bundle;
            for (size_t v = 0; v < vectors_; v++) {
                const size_t at = start(v);
                V bundled[bundle];
                if (v * vector_bytes % line_bytes == 0)
                    for (size_t i = 0; i < bundle; i++) prefetch(scores(k + bundle + i) + at, 0);
#pragma GCC unroll 8
                for (size_t i = 0; i < bundle; i++) bundled[i] = i < rows ? load(scores(k + i) + at) : lowest;
                read_bundle<Function::logarithm>(bundled, running_[v]);
            }
        }
        for (size_t v = 0; v < vectors_; v++) {
            running_[v].odd |= running_[v].maxima == 0;
            any_odd_ |= any_lane(running_[v].odd);
        }
    }

    void normalise() {
        if constexpr (Function::labels)
            for (size_t c = 0; c < count_; c++) {
                labels_[c] = ElementOf<IntVec<T>>(all_.labels[first_ + c]);
                label_scores_[c] = scores(size_t(all_.labels[first_ + c]))[c];
            }
        for (size_t v = 0; v < vectors_; v++) {
            const RunningLanes<T>& row = running_[v];
            V values = {};
            offsets_[v] = exp_offset(row.k);
            const V label_scores = Function::labels ? load(label_scores_ + start(v)) : values;
            normalisers_[v] = normalise_lanes<Function>(
                LaneSummary<T>{row.max, row.k, to_floating(row.maxima), row.rest}, label_scores, values);
            store(per_row_ + start(v), values);
        }
        if constexpr (Function::per_row) __builtin_memcpy(all_.per_row + first_, per_row_, count_ * sizeof(T));
    }

    void write() {
        ClassWriter<T> writer(all_, elements(0), count_);
        for (size_t k = 0; k < all_.n_classes; k++) {
            T line[width];
            for (size_t v = 0; v < vectors_; v++) {
                if (v * vector_bytes % line_bytes == 0) prefetch(scores(k + 2) + v * L, 0);
                const V score = load(scores(k) + start(v));
                V value = element(score, k, v);
                if (any_odd_) value = running_[v].odd ? score : value;  // in place, the fallback reads it again
                store(line + start(v), value);
            }
            writer.write(line, elements(k));
        }
        writer.finish();
    }

    void fall_back() {
        const size_t n = all_.n_classes;
        T *const scores_of = all_.scratch, *const elements_of = scores_of + n, *const scratch = elements_of + n;
        for (size_t c = 0; any_odd_ && c < count_; c++) {
            const size_t v = c / L;
            if (!running_[v].odd[c - start(v)]) continue;
            for (size_t k = 0; k < n; k++) scores_of[k] = scores(k)[c];
            fallback_row<Function>(Row<T>{scores_of, Function::labels ? all_.labels[first_ + c] : 0, elements_of,
                                          all_.per_row + first_ + c, n, scratch});
            if constexpr (Function::elements)
                for (size_t k = 0; k < n; k++) elements(k)[c] = elements_of[k];
        }
    }

  private:
    INLINE V element(V score, size_t k, size_t v) const {
        const Normaliser<V>& row = normalisers_[v];
        if constexpr (!Function::from_exps) {
            return Function::element(score, row);
        } else {
            const V exp = scaled_exp(at_least(row.max - ExpConstants<T>::reach, score), offsets_[v]);
            const V below = Function::element(exp, row), value = score == row.max ? Function::maximum(row) : below;
            if constexpr (!Function::labels)
                return value;
            else
                return labels(v) == ElementOf<IntVec<T>>(k) ? Function::at_label(value, score, row.max, row.others)
                                                            : value;
        }
    }
    INLINE IntVec<T> labels(size_t v) const {
        return reinterpret_cast<IntVec<T>>(load(reinterpret_cast<const T*>(labels_ + start(v))));
    }
};

template <class Function, class T>
void tile_of(const Columns<T>& all, size_t first, size_t count) {
    Tile<Function, T> tile(all, first, count);
    tile.read();
    tile.normalise();
    if constexpr (Function::elements) tile.write();
    tile.fall_back();
}

// Fewer columns than a vector has lanes, in a copy that is wide enough.
template <class Function, class T>
void narrow_tile(const Columns<T>& all, size_t first, size_t count) {
    constexpr size_t L = lanes<T>;
    const size_t n = all.n_classes;
    int64_t labels[L] = {};
    T per_row[L];
    T* const padded = all.scratch;
    for (size_t k = 0; k < n; k++) {
        store(padded + k * L, Vec<T>{});
        __builtin_memcpy(padded + k * L, all.scores + ptrdiff_t(k) * all.class_stride + first, count * sizeof(T));
    }
    if constexpr (Function::labels) __builtin_memcpy(labels, all.labels + first, count * sizeof(int64_t));
    tile_of<Function>(Columns<T>{padded, labels, padded, per_row, n, L, L, false, padded + n * L}, 0, L);
    if constexpr (Function::per_row) __builtin_memcpy(all.per_row + first, per_row, count * sizeof(T));
    if constexpr (Function::elements)
        for (size_t k = 0; k < n; k++)
            __builtin_memcpy(all.elements + ptrdiff_t(k) * all.element_stride + first, padded + k * L,
                             count * sizeof(T));
}

template <class Function, class T>
void columns(const Columns<T>& all, size_t begin, size_t end) {
    if (all.n_classes <= few) return few_classes_upright<Function>(all, begin, end);
    constexpr size_t width = Tile<Function, T>::width, L = lanes<T>;
    for (size_t first = begin, count; first < end; first += count) {
        const size_t left = end - first;
        count = left <= width ? left : left - width < L ? width - L : width;  // what is left is no less than a vector
        (count < L ? narrow_tile<Function, T> : tile_of<Function, T>)(all, first, count);
    }
}

}  // namespace
}  // namespace multinoulli
