// pytest. Our plug-in lists what is collected, lets only the tests that are wanted run, and writes the journal.
//
// Node ids are not given as arguments: their number is limited, pytest looks each of them up in its file, and a
// parameter may be written so that it finds none. Instead the files are its arguments, and what is not wanted of them
// is deselected. The user's own arguments are read first, so that the root directory and the conftest.py files are
// those that they would be without us. A file that cannot be imported is a test of its own, and an error.
//
// pytest-xdist stays out of it: processes are our part. The plug-in is found by a PYTHONPATH, which it puts back.
#include "nmz/runner/journal.hpp"

#include "runners.hpp"

namespace nmz::runner {
namespace {

constexpr const char* plugin = R"py(import json, os, sys

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [p for p in sys.path if os.path.abspath(p or '.') != _here]
_path = os.environ.get('PYTHONPATH', '').split(os.pathsep)[1:]
if _path:
    os.environ['PYTHONPATH'] = os.pathsep.join(_path)
else:
    os.environ.pop('PYTHONPATH', None)

import pytest

with open(os.path.join(_here, 'ids'), 'a+b') as _f:
    _f.seek(0)
    _ids = [line for line in _f.read().decode('utf-8', 'surrogateescape').split('\n') if line]
_wanted = set(_ids)
_names = {}
_tests = {}
_errors = []
_out = open(os.path.join(_here, 'report'), 'ab', 0)


def _write(line):
    _out.write(json.dumps(line).encode() + b'\n')


def _name(path, nodeid):
    """As seen from where pytest was started, not from its root directory."""
    _, sep, rest = nodeid.partition('::')
    where = os.path.relpath(str(path), _start)
    return (where + sep + rest).replace('\n', ' ')


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_cmdline_main(config):
    global _start
    _start = str(getattr(config, 'invocation_params', None) and config.invocation_params.dir or os.getcwd())
    for option, value in (('numprocesses', None), ('maxprocesses', None), ('dist', 'no'), ('tx', [])):
        if hasattr(config.option, option):
            setattr(config.option, option, value)
    if _ids:
        files = dict.fromkeys(name.partition('::')[0] for name in _ids)
        config.args[:] = [os.path.join(_start, f) for f in files]
    yield


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        _names[item.nodeid] = _name(getattr(item, 'path', None) or item.fspath, item.nodeid)
    if not _ids:
        return
    order = {name: i for i, name in enumerate(_ids)}
    out = [item for item in items if _names[item.nodeid] not in _wanted]
    items[:] = sorted((i for i in items if _names[i.nodeid] in _wanted), key=lambda i: order[_names[i.nodeid]])
    if out:
        config.hook.pytest_deselected(items=out)


def pytest_collectreport(report):
    if report.failed or report.skipped and '::' not in report.nodeid and report.nodeid:
        _errors.append(report)


def _error_name(report):
    root = str(getattr(_config, 'rootpath', None) or _config.rootdir)
    return _name(os.path.join(root, report.nodeid.partition('::')[0]), report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    global _config
    _config = config
    for name in ('lfplugin', 'nfplugin', 'stepwiseplugin'):  # each sees a part, and would take it for the whole
        plugin = config.pluginmanager.get_plugin(name)
        if plugin is not None:
            config.pluginmanager.unregister(plugin)


def pytest_collection_finish(session):
    if not _ids:
        with open(os.path.join(_here, 'list'), 'wb') as f:
            for name in [_names[i.nodeid] for i in session.items] + [_error_name(r) for r in _errors]:
                f.write(name.encode('utf-8', 'surrogateescape') + b'\n')
        return
    for report in _errors:
        text = str(report.longrepr) if report.failed else ''
        if report.skipped and isinstance(report.longrepr, tuple):
            text = report.longrepr[-1]
        _write({'id': _error_name(report), 'verdict': 'error' if report.failed else 'skipped', 'took': 0,
                'detail': (text.strip().splitlines() or [''])[-1 if report.failed else 0], 'output': text[-16000:]})


def pytest_runtest_logstart(nodeid, location):
    _write({'start': _names.get(nodeid, nodeid)})


def _reason(report):
    crash = getattr(report.longrepr, 'reprcrash', None)
    if crash is not None:
        return str(crash.message)
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[-1])
    return (str(report.longrepr).strip().splitlines() or [''])[-1] if report.longrepr else ''


def pytest_runtest_logreport(report):
    name = _names.get(report.nodeid, report.nodeid)
    test = _tests.setdefault(name, {'id': name, 'verdict': 'passed', 'took': 0.0, 'detail': '', 'output': ''})
    test['took'] += report.duration
    if report.failed:
        if test['verdict'] != 'failed':
            test['verdict'] = 'failed' if report.when == 'call' else 'error'
            test['detail'] = ('' if report.when == 'call' else report.when + ': ') + _reason(report)
        text = str(report.longrepr)
        for title, content in report.sections:
            text += '\n--- %s ---\n%s' % (title, content)
        test['output'] = (test['output'] + text + '\n')[-16000:]
    elif report.skipped:
        xfail = hasattr(report, 'wasxfail')
        test['verdict'] = 'expected-failure' if xfail else 'skipped'
        test['detail'] = str(report.wasxfail) if xfail else _reason(report)
    if report.when == 'teardown':
        _write(_tests.pop(name))
)py";

constexpr const char* start =
    "export PYTHONPATH=\"$nmz${PYTHONPATH:+:$PYTHONPATH}\"\n"
    "if command -v pytest >/dev/null 2>&1; then set -- pytest \"$@\"; else set -- python3 -m pytest \"$@\"; fi\n";

class Pytest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    Script script{std::string{start} +
                      "nmz_status=0\n"
                      "\"$@\" -p nmz_report --collect-only -q -q >\"$nmz/said\" 2>&1 || nmz_status=$?\n"
                      "if [ -s \"$nmz/list\" ]; then cat \"$nmz/list\"; exit 0; fi\n"
                      "cat \"$nmz/said\" >&2\n"
                      "[ \"$nmz_status\" -eq 5 ] || exit \"$nmz_status\"\n",
                  given};
    script.files.emplace_back("nmz_report.py", plugin);
    return script;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> /*ids*/) const override {
    Script script{std::string{start} + "exec \"$@\" -p nmz_report\n", given};
    script.files.emplace_back("nmz_report.py", plugin);
    return script;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const char* const file : {"pytest.ini", "conftest.py"}) {
      if (directory.has(file)) return file;
    }
    if (directory.says("pyproject.toml", "[tool.pytest")) return "pyproject.toml";
    if (directory.says("setup.cfg", "[tool:pytest]")) return "setup.cfg";
    return directory.says("tox.ini", "[pytest]") ? "tox.ini" : "";
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    return read_journals(files);
  }
};

}  // namespace

std::unique_ptr<Runner> make_pytest() { return std::make_unique<Pytest>(); }

}  // namespace nmz::runner
