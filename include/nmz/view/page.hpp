// A run as a page: one HTML file with everything in it, that needs no network, no server and no other file
// (`--html FILE`, `PROGRAM show RUN --html FILE`).
//
// It is made from the events alone, so that a run that goes on, one that has ended, and one that was recorded give the
// same page. While a run goes on the file is rewritten whole, with a rename, so that whoever opens it finds a complete
// one; at most once a second, and so seldom that the run does not lose a twentieth of its time to it. The page reloads
// itself until the run is over. A page may not fetch a file beside it, so nothing smaller can be handed over.
//
// Where it is served while the run goes on (`--serve`; run/page_server.hpp), the page is empty at first, gets all that
// has happened, and then what is new (snapshot(), news()): it is not loaded anew, and stays as somebody has folded,
// filtered and scrolled it. At the end it gets the report, which needs no server any more.
//
// The page is the ES modules of src/view/page, which draw only what is visible. What tests print and commits are called
// is data to them: packed (page/packed.hpp), and put into the page as text. A Content-Security-Policy in the page
// allows its own script and style by their hashes, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"

namespace nmz::view {

class Page final : public events::Consumer {
 public:
  enum class Pace : std::uint8_t { live, at_the_end, served };

  /// `program`: its name. `file`: "-" is standard output, which gets the page at the end.
  Page(std::string file, events::Kind kind, std::string program, Pace pace);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  Page(Page&&) = delete;
  Page& operator=(Page&&) = delete;
  ~Page() override;

  void show(const events::Event& event, events::Seconds now) override;
  /// The last call: writes the page. Errors (retryable, misconfigured): it could not be written.
  [[nodiscard]] Result<void> close();

  // ---- where it is served
  /// Without data.
  [[nodiscard]] std::string frame() const;
  /// JSON: the data of the page, and "number", that of the last news that is in it.
  [[nodiscard]] std::string snapshot() const;
  /// JSON: what has come since it was asked last; empty: nothing but time.
  [[nodiscard]] std::string news();
  /// The end of a log, by its number.
  [[nodiscard]] std::string log(std::size_t number) const;
  /// The whole page.
  [[nodiscard]] std::string report() const { return text(); }

 private:
  struct Parts;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string filled_with(const std::string& data, const std::string& logs,
                                        const char* connections) const;
  [[nodiscard]] Result<void> write() const;

  std::string file_;
  Pace pace_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nmz::view
