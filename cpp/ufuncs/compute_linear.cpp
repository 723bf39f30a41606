// SPDX-License-Identifier: BSD-3-Clause
#include "compute_linear.hpp"

#include <memory>
#include <new>
#include <vector>

#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t most_spans = 32;
constexpr size_t most_sums = size_t(1) << 24;    // of all spans together
constexpr size_t least_span = 1024;              // rows: as many multiples of its sums are what a span adds up
constexpr size_t kept_scores = size_t(1) << 15;  // that the second cache keeps beside the rows that they come from
constexpr double worth_a_span = 1 << 20;         // products: what is paid for a span's sums then hardly shows

// Memory of a thread, for whole vectors and cache lines.
class Scratch {
    struct Free {
        void operator()(char* memory) const { ::operator delete(memory, std::align_val_t(64)); }
    };
    std::unique_ptr<char, Free> memory_;

  public:
    explicit Scratch(size_t bytes) : memory_(static_cast<char*>(::operator new(bytes, std::align_val_t(64)))) {}
    char* data() const { return memory_.get(); }
};

struct Spans {
    size_t n_rows, length, count;

    // `block`: rows that stay together. `products` of a row. `sums` of a span.
    Spans(size_t n_rows, size_t block, size_t products, size_t sums) : n_rows(n_rows) {
        const double worthwhile = double(n_rows) * double(products) / worth_a_span;
        const size_t most = std::clamp<size_t>(std::min(most_sums / (sums + 1), n_rows / least_span), 1, most_spans);
        const size_t wanted = std::clamp<size_t>(size_t(std::min(worthwhile, 1e9)), 1, most);
        const size_t blocks = (n_rows + block - 1) / block, each = std::max<size_t>((blocks + wanted - 1) / wanted, 1);
        length = each * block;
        count = (n_rows + length - 1) / length;
    }
};

// work(begin, end, sums, scratch) for every span, where `sums` begin at zero; `total` is what they add up to.
template <class Work>
void over_spans(const Spans& spans, size_t size, double* total, size_t scratch_bytes, double estimated_ns, int threads,
                const Work& work) {
    std::fill_n(total, size, 0.0);
    std::vector<double> others(spans.count > 1 ? (spans.count - 1) * size : 0);
    const auto sums_of = [&](size_t span) { return span == 0 ? total : others.data() + (span - 1) * size; };
    over_rows(
        spans.count, 1, estimated_ns,
        [&] {
            return [&, scratch = Scratch(scratch_bytes)](size_t begin, size_t end) {
                for (size_t span = begin; span < end; span++) {
                    const size_t first = span * spans.length;
                    work(first, std::min(spans.n_rows, first + spans.length), sums_of(span), scratch.data());
                }
            };
        },
        threads);
    for (size_t span = 1; span < spans.count; span++)
        for (size_t i = 0; i < size; i++) total[i] += sums_of(span)[i];
}

template <class T, class From>
double products_ns(const Design<T, From>& design) {
    return double(design.n_rows) * double(design.n_classes) * (2 + 0.03 * double(design.d));
}

template <class T, class From>
Design<T, From> with_scratch(Design<T, From> design, char* scratch) {
    if constexpr (sizeof(T) == sizeof(float))
        design.gemm = blas_sgemm;
    else
        design.gemm = blas_dgemm;
    design.scratch = scratch;
    return design;
}

// The sums of a pass over all rows: `matrix` (d, K), `vector` (K,) and the value that is returned.
template <class T, class Pass, class Kernel>
double sum_of_pass(const Pass& pass, double* matrix, double* vector, int threads, const Kernel& kernel) {
    const auto& design = pass.design;
    const size_t d = design.d, n_classes = design.n_classes, size = d * n_classes;
    const Spans spans(design.n_rows, linear_block<T>(d, n_classes), (d + 8) * n_classes, size);
    std::vector<double> total(size + n_classes + 1);
    over_spans(spans, total.size(), total.data(), linear_scratch<T>(d, n_classes), 2 * products_ns(design), threads,
               [&](size_t begin, size_t end, double* sums, char* scratch) {
                   Pass mine = pass;
                   mine.design = with_scratch(design, scratch);
                   sums[size + n_classes] += kernel(mine, begin, end, sums, sums + size);
               });
    std::copy_n(total.data(), size, matrix);
    std::copy_n(total.data() + size, n_classes, vector);
    return total.back();
}

}  // namespace

template <class From>
bool linear_scores(const ScoresPass<From>& pass, Kernel<double> then, int threads) {
    const size_t d = pass.design.d, n_classes = pass.design.n_classes, block = linear_block<double>(d, n_classes);
    const Spans spans(pass.design.n_rows, block, (d + 8) * n_classes, 0);
    const size_t together = std::max<size_t>(kept_scores / n_classes / block, 1) * block;
    const size_t for_scores = (linear_scratch<double>(d, n_classes) + 63) / 64 * 64,
                 for_rows = then ? sizeof(double) * scratch_for_rows<double>(together, n_classes) : 0;
    ScoresKernel<From> kernel;
    if constexpr (sizeof(From) == sizeof(float))
        kernel = linear_kernels->scores_f;
    else
        kernel = linear_kernels->scores_d;
    double odd = 0;
    over_spans(spans, 1, &odd, for_scores + for_rows, products_ns(pass.design), threads,
               [&](size_t begin, size_t end, double* sums, char* scratch) {
                   ScoresPass<From> mine = pass;
                   mine.design = with_scratch(pass.design, scratch);
                   for (size_t first = begin, last; first < end; first = last) {
                       last = std::min(end, first + together);
                       sums[0] += kernel(mine, first, last) ? 0 : 1;
                       double* const rows = pass.out + first * n_classes;
                       double* const for_row = reinterpret_cast<double*>(scratch + for_scores);
                       if (then) then({rows, nullptr, rows, nullptr, n_classes, false, for_row}, 0, last - first);
                   }
               });
    return odd == 0;
}

template <class From>
double linear_gradient(const GradientPass<From>& pass, double* gradient, double* sums, int threads) {
    GradientKernel<From> kernel;
    if constexpr (sizeof(From) == sizeof(float))
        kernel = linear_kernels->gradient_f;
    else
        kernel = linear_kernels->gradient_d;
    return sum_of_pass<double>(pass, gradient, sums, threads, kernel);
}

template <class T>
void linear_hessian(const HessianPass<T>& pass, double* product, double* sums, int threads) {
    HessianKernel<T> kernel;
    if constexpr (sizeof(T) == sizeof(float))
        kernel = linear_kernels->hessian_f;
    else
        kernel = linear_kernels->hessian_d;
    sum_of_pass<T>(pass, product, sums, threads,
                   [kernel](const HessianPass<T>& mine, size_t begin, size_t end, double* matrix, double* vector) {
                       kernel(mine, begin, end, matrix, vector);
                       return 0.0;
                   });
}

double linear_search(const SearchPass& pass, double* gradient, double* hessian, int threads) {
    const size_t n_directions = pass.point.n_directions, n_classes = pass.point.n_classes,
                 size = n_directions + n_classes;
    const Spans spans(pass.point.n_rows, search_block(n_classes), 16 * n_classes, size * size);
    std::vector<double> total(3 + size + size * size);
    const double estimated_ns = double(pass.point.n_rows) * double(n_classes) *
                                (4 + 2 * double(n_directions) + double(n_classes) / 8 / double(pass.hessian_every));
    over_spans(spans, total.size(), total.data(), search_scratch(n_classes), estimated_ns, threads,
               [&](size_t begin, size_t end, double* sums, char* scratch) {
                   SearchPass mine = pass;
                   mine.scratch = scratch;
                   SearchSums out{0, 0, 0, sums + 3, sums + 3 + size};
                   linear_kernels->search(mine, begin, end, out);
                   sums[0] = out.loss;
                   sums[1] = out.weight;
                   sums[2] = out.chosen_weight;
               });
    std::copy_n(total.data() + 3, size, gradient);
    std::copy_n(total.data() + 3 + size, size * size, hessian);
    for (size_t i = 0; i < n_directions; i++)
        for (size_t j = i + 1; j < size; j++) hessian[j * size + i] = hessian[i * size + j];
    const double scale = total[2] > 0 ? total[1] / total[2] : 0;
    double* const classes = hessian + n_directions * (size + 1);
    for (size_t k = 0; k < n_classes; k++)
        for (size_t l = 0; l < k; l++) classes[k * size + l] = classes[l * size + k] = -scale * classes[l * size + k];
    for (size_t k = 0; k < n_classes; k++) {
        double others = 0;
        for (size_t l = 0; l < n_classes; l++) others += l == k ? 0 : classes[k * size + l];
        classes[k * size + k] = -others;
    }
    return total[0];
}

void linear_move(const SearchPoint& point, double* out, int threads) {
    const Spans spans(point.n_rows, search_block(point.n_classes), 16 * point.n_classes, 0);
    over_spans(spans, 0, nullptr, 0, 1.5 * double(point.n_rows) * double(point.n_classes), threads,
               [&](size_t begin, size_t end, double*, char*) {
                   linear_kernels->move(point, begin, end, out + begin * point.n_classes);
               });
}

template <class T, class From>
void sparse_product(const SparseProduct<T, From>& product, size_t n_rows, int threads) {
    constexpr size_t share = size_t(1) << 14;
    SparseKernel<T, From> kernel;
    if constexpr (sizeof(T) == sizeof(float) && sizeof(From) == sizeof(float))
        kernel = linear_kernels->sparse_ff;
    else if constexpr (sizeof(T) == sizeof(float))
        kernel = linear_kernels->sparse_fd;
    else if constexpr (sizeof(From) == sizeof(float))
        kernel = linear_kernels->sparse_df;
    else
        kernel = linear_kernels->sparse_dd;
    const int64_t* const indptr = product.indptr;
    const size_t size = size_t(indptr[n_rows]), chunks = size / share + 1;
    const auto first_row_from = [&](size_t chunk) {
        if (chunk == chunks) return n_rows;
        return size_t(std::lower_bound(indptr, indptr + n_rows, int64_t(chunk * share)) - indptr);
    };
    const double estimated_ns = double(size) * (2 + 0.2 * double(product.n_classes)) + 5 * double(n_rows);
    over_rows(
        chunks, 1, estimated_ns,
        [&] { return [&](size_t begin, size_t end) { kernel(product, first_row_from(begin), first_row_from(end)); }; },
        threads);
}

template void sparse_product<float, float>(const SparseProduct<float, float>&, size_t, int);
template void sparse_product<float, double>(const SparseProduct<float, double>&, size_t, int);
template void sparse_product<double, float>(const SparseProduct<double, float>&, size_t, int);
template void sparse_product<double, double>(const SparseProduct<double, double>&, size_t, int);
template bool linear_scores<float>(const ScoresPass<float>&, Kernel<double>, int);
template bool linear_scores<double>(const ScoresPass<double>&, Kernel<double>, int);
template double linear_gradient<float>(const GradientPass<float>&, double*, double*, int);
template double linear_gradient<double>(const GradientPass<double>&, double*, double*, int);
template void linear_hessian<float>(const HessianPass<float>&, double*, double*, int);
template void linear_hessian<double>(const HessianPass<double>&, double*, double*, int);

}  // namespace multinoulli
