// SPDX-License-Identifier: BSD-3-Clause
// Rows over threads, in chunks taken from a counter. A row is computed whole by one thread, so its bits do not depend
// on how many there are. Threads live for one call: some 25 us each, as much as waking a pool, and a child works after
// fork(), where a pool or OpenMP hangs.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace multinoulli {

inline constexpr double worth_a_thread_ns = 2e5;

int thread_limit();
void set_thread_limit(int limit);  // below 1 means 1

// OMP_NUM_THREADS where its first number is one, else the processors this process may run on.
void read_thread_limit();

// Covers 0..rows-1 with calls of work(begin, end), where every thread has its own work = new_work(); what that throws
// is thrown here once all threads are done.
template <class NewWork>
void over_rows(size_t rows, size_t chunk, double estimated_ns, const NewWork& new_work, int limit = thread_limit()) {
    const double most = std::min(estimated_ns / worth_a_thread_ns + 1, double((rows + chunk - 1) / chunk));
    const int threads = int(std::min(double(limit), most));
    if (threads <= 1) return new_work()(size_t(0), rows);

    std::atomic<size_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr failure;
    const auto run = [&] {
        try {
            auto work = new_work();
            for (size_t begin; (begin = next.fetch_add(chunk)) < rows;) work(begin, std::min(rows, begin + chunk));
        } catch (...) {
            if (!failed.exchange(true)) failure = std::current_exception();
            next = rows;
        }
    };
    std::vector<std::thread> helpers;
    helpers.reserve(threads - 1);
    try {
        while (int(helpers.size()) < threads - 1) helpers.emplace_back(run);
    } catch (const std::system_error&) {  // the system has no more threads: fewer do the same work
    }
    run();
    for (std::thread& helper : helpers) helper.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace multinoulli
