#include "nmz/command_line/option.hpp"

#include <utility>

namespace nmz::command_line {
namespace {

Option named(Option::Kind kind, std::string names, std::string help) {
  Option option;
  option.kind = kind;
  option.names = std::move(names);
  option.help = std::move(help);
  return option;
}

}  // namespace

Option flag(std::string names, bool& on, std::string help) {
  Option option = named(Option::Kind::flag, std::move(names), std::move(help));
  option.on = &on;
  return option;
}

Option value(std::string names, std::string value_name, Take take, std::string help) {
  Option option = named(Option::Kind::value, std::move(names), std::move(help));
  option.value_name = std::move(value_name);
  option.take = std::move(take);
  return option;
}

Option list(std::string names, std::string value_name, Take take, std::string help) {
  Option option = value(std::move(names), std::move(value_name), std::move(take), std::move(help));
  option.kind = Option::Kind::list;
  return option;
}

Option page(std::string names, std::string text, std::string help) {
  Option option = named(Option::Kind::page, std::move(names), std::move(help));
  option.page = std::move(text);
  return option;
}

Option or_alone(Option option, std::string value) {
  option.alone = std::move(value);
  return option;
}

Option or_alone_joined(Option option, std::string value) {
  option.joined = true;
  return or_alone(std::move(option), std::move(value));
}

Option or_empty(Option option) {
  option.may_be_empty = true;
  return option;
}

}  // namespace nmz::command_line
