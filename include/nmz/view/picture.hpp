// A search as one drawing, for an issue or a chat (`--svg FILE`): what was tested when, and how the candidates shrank.
//
// Time goes to the right, and history upwards: a line of the drawing is a commit, the oldest at the bottom. What may be
// the first bad commit is shaded, so that the search is a funnel that ends at the culprit; each test is a bar as long
// as it took, at its commit, with a mark of the verdict at its end. The shapes of the marks differ, not their colours
// alone. There is no script in it, no font and no link, so every program that shows pictures shows it.
#pragma once

#include <memory>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"

namespace nmz::view {

class Picture final : public events::Consumer {
 public:
  Picture();
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  Picture(Picture&&) = delete;
  Picture& operator=(Picture&&) = delete;
  ~Picture() override;

  void show(const events::Event& event, events::Seconds now) override;
  /// Of what has been shown so far.
  [[nodiscard]] std::string svg() const;

 private:
  struct Seen;
  std::unique_ptr<Seen> seen_;
};

/// Errors (retryable, misconfigured): it could not be written.
[[nodiscard]] Result<void> write_picture(const std::string& file, const Picture& picture);

}  // namespace nmz::view
