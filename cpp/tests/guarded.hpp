// SPDX-License-Identifier: BSD-3-Clause
// Memory with an inaccessible page at one end.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace multinoulli::testing {

enum class Side { start, end };

// n elements with an inaccessible page on one side and sentinels up to the next one on the other.
template <class T>
class Guarded {
    static constexpr unsigned char sentinel = 0xa5;
    size_t page_ = size_t(sysconf(_SC_PAGESIZE)), open_, bytes_;
    unsigned char *memory_, *data_;

  public:
    Guarded(size_t n, Side side) : open_((n * sizeof(T) + page_ - 1) / page_ * page_ + page_), bytes_(n * sizeof(T)) {
        void* all = mmap(nullptr, open_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory_ = static_cast<unsigned char*>(all) + page_;
        if (all == MAP_FAILED || mprotect(memory_, open_, PROT_READ | PROT_WRITE) != 0)
            std::perror("mmap"), std::exit(1);
        std::memset(memory_, sentinel, open_);
        data_ = side == Side::start ? memory_ : memory_ + open_ - bytes_;
    }
    ~Guarded() { munmap(memory_ - page_, open_ + 2 * page_); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    T* data() { return reinterpret_cast<T*>(data_); }
    bool sentinels_stand() const {
        for (const unsigned char* p = memory_; p < memory_ + open_; p++)
            if ((p < data_ || p >= data_ + bytes_) && *p != sentinel) return false;
        return true;
    }
};

}  // namespace multinoulli::testing
