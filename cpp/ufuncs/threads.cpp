// SPDX-License-Identifier: BSD-3-Clause
#include "threads.hpp"

#include <cstdlib>
#if defined(__linux__)
#include <sched.h>
#endif

namespace multinoulli {

namespace {

constexpr int most_threads = 1024;
std::atomic<int> limit{1};

int processors() {
#if defined(__linux__)
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine) == 0) return CPU_COUNT(&mine);
#endif
    return int(std::thread::hardware_concurrency());
}

// The first number of a list such as "4" or "4,2" (OpenMP gives one number for each nested level); 0 for anything else.
int first_number(const char* text) {
    char* end = nullptr;
    const long number = std::strtol(text, &end, 10);
    while (end != text && (*end == ' ' || *end == '\t')) end++;
    const bool whole = end != text && (*end == '\0' || *end == ',');
    return whole && number > 0 ? int(std::min<long>(number, most_threads)) : 0;
}

}  // namespace

int thread_limit() { return limit; }

void set_thread_limit(int wanted) { limit = std::clamp(wanted, 1, most_threads); }

void read_thread_limit() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    const int asked = text ? first_number(text) : 0;
    set_thread_limit(asked ? asked : processors());
}

}  // namespace multinoulli

// What threadpoolctl finds in the shared library by name.
extern "C" __attribute__((visibility("default"))) int multinoulli_get_num_threads() {
    return multinoulli::thread_limit();
}
extern "C" __attribute__((visibility("default"))) void multinoulli_set_num_threads(int wanted) {
    multinoulli::set_thread_limit(wanted);
}
