// What a git that says nothing may wait for.
//
// git opens what it finds in the place of a ref, an object, its configuration or a .gitignore. Where that is a FIFO
// nobody writes to, it waits for ever, and so does whoever has asked it. Which file it is, the kernel knows: a process
// that waits in open() or read() has the call and its arguments in /proc/PID/syscall (proc(5)), for whoever may trace
// it, as a parent may.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

namespace nmz::git_program {

/// The path of the FIFO that this git, or one that it has started, waits for at this moment. Nothing when it does
/// something else, or when that cannot be seen. Other programs (a filter, an ssh) may wait for FIFOs of their own.
[[nodiscard]] std::optional<std::string> awaited_fifo(pid_t git);

}  // namespace nmz::git_program
