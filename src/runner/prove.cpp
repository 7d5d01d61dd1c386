// prove, for Perl's tests and whatever else speaks TAP. A workload is a file; after -- stand files and directories (t/)
// and options.
//
// A plug-in of App::Prove writes the journal when a file has ended. The list is prove's own (--dry).
#include <array>
#include <string_view>
#include <utility>

#include "nmz/runner/journal.hpp"

#include "runners.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

constexpr std::array<std::string_view, 15> value_options{"-I", "-j",        "--jobs",    "-e",          "--exec",
                                                         "-P", "--ext",     "--harness", "--formatter", "--source",
                                                         "-a", "--archive", "--state",   "--statefile", "--rc"};

constexpr const char* plugin = R"perl(package App::Prove::Plugin::NmzReport;
use strict;
use warnings;
use JSON::PP ();
use TAP::Harness ();

sub load {
    my ($class, $p) = @_;
    my $to = $p->{args}[0];
    my $json = JSON::PP->new->latin1;
    my $after = \&TAP::Harness::_after_test;
    no warnings 'redefine';
    *TAP::Harness::_after_test = sub {
        my ($self, $aggregate, $job, $parser) = @_;
        my $problems = $parser->has_problems;
        my $skipped = defined $parser->skip_all && !$problems;
        my @failed = $parser->failed;
        my $detail = $skipped ? $parser->skip_all
            : !$problems ? ''
            : @failed ? 'failed: ' . join(' ', @failed[0 .. ($#failed < 9 ? $#failed : 9)])
            : $parser->wait & 127 ? 'killed by signal ' . ($parser->wait & 127)
            : $parser->exit ? 'exit ' . $parser->exit
            : join('; ', $parser->parse_errors);
        my $verdict = $skipped ? 'skipped' : !$problems ? 'passed' : $parser->wait & 127 ? 'crashed'
            : @failed ? 'failed' : 'error';
        open my $out, '>>', $to or die "$to: $!";
        print $out $json->encode({id => $job->filename, verdict => $verdict, detail => "$detail",
            took => ($parser->end_time - $parser->start_time) + 0}), "\n";
        close $out;
        $after->(@_);
    };
    return 1;
}
1;
)perl";

class Prove final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"exec prove --dry \"$@\"", given};
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    Script script{
        "mkdir -p \"$nmz/App/Prove/Plugin\" && mv \"$nmz/NmzReport.pm\" \"$nmz/App/Prove/Plugin/\"\n"
        "exec perl -I\"$nmz\" -S prove \"-PNmzReport=$nmz/report\" \"$@\"",
        take_apart(given, value_options).options};
    script.arguments.insert(script.arguments.end(), ids.begin(), ids.end());
    script.files.emplace_back("NmzReport.pm", plugin);
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    return read_journals(files);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const char* const file : {"Makefile.PL", "Build.PL", "dist.ini", "cpanfile"}) {
      if (directory.has(file)) return file;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Runner> make_prove() { return std::make_unique<Prove>(); }

}  // namespace nmz::runner
