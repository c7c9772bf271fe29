//===- StructOptions.h - A struct as options of a pass ----------*- C++ -*-===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SPATTN_SUPPORT_STRUCTOPTIONS_H
#define SPATTN_SUPPORT_STRUCTOPTIONS_H

#include "mlir/Pass/PassOptions.h"
#include "spattn/Support/OptionField.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace spattn {

/// The fields of a struct (Support/OptionField.h) as options of a pass or a
/// pipeline, which live as long as this does. `Option` is the parent's type of
/// options.
template <class Struct, template <class> class Option>
class StructOptions {
public:
  template <class Parent>
  explicit StructOptions(Parent &parent, const Struct &values = {}) {
    Struct::forEach(values, [&](const char *name, const auto &field,
                                const char *description, const auto &limits) {
      using T = std::decay_t<decltype(field)>;
      auto option = std::make_unique<Option<T>>(
          parent, name, llvm::cl::desc(description), llvm::cl::init(field));
      addValues(*option, limits);
      options.push_back(std::move(option));
    });
  }

  /// The values that they have; of fields that are no options, those of
  /// `result`.
  Struct get(Struct result = {}) const {
    auto next = options.begin();
    Struct::forEach(result, [&](const char *, auto &field, auto &&...) {
      using T = std::decay_t<decltype(field)>;
      field = static_cast<const Option<T> &>(**next++).getValue();
    });
    return result;
  }

private:
  template <class AnyOption, class Limits>
  static void addValues(AnyOption &, const Limits &) {}
  template <class AnyOption, class T>
  static void addValues(AnyOption &option, const OptionValues<T> &values) {
    for (const OptionValue<T> &value : values)
      option.getParser().addLiteralOption(value.name, value.value,
                                          value.description);
  }

  std::vector<std::unique_ptr<llvm::cl::Option>> options;
};

/// The same as options of a pipeline.
template <class Struct>
struct PipelineOptionsOf
    : public mlir::PassPipelineOptions<PipelineOptionsOf<Struct>> {
  explicit PipelineOptionsOf(const Struct &values = {})
      : fields(*this, values) {}
  template <class T>
  using PipelineOption = mlir::detail::PassOptions::Option<T>;
  StructOptions<Struct, PipelineOption> fields;
};

/// Reads `name=value name=value`; what is not named is as in `values`. An error
/// says what is wrong.
template <class Struct>
llvm::Expected<Struct> parseOptions(llvm::StringRef text,
                                    const Struct &values = {}) {
  PipelineOptionsOf<Struct> options(values);
  std::string message;
  llvm::raw_string_ostream stream(message);
  // The parser takes an option without a name for none.
  if (text.starts_with("=") || text.contains(" ="))
    stream << "an option has no name";
  else if (mlir::succeeded(options.parseFromString(text, stream)))
    return options.fields.get(values);
  return llvm::createStringError(llvm::StringRef(message).trim());
}

/// What differs from the defaults, as `parseOptions` reads it.
template <class Struct>
std::string printOptions(const Struct &options) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto print = [&](const char *name, const auto &value) {
    stream << (text.empty() ? "" : " ") << name << "=" << value;
  };
  std::vector<const void *> defaults;
  const Struct plain{};
  Struct::forEach(plain, [&](const char *, const auto &field, auto &&...) {
    defaults.push_back(&field);
  });
  auto next = defaults.begin();
  Struct::forEach(options, [&](const char *name, const auto &field,
                               const char *, const auto &limits) {
    using T = std::decay_t<decltype(field)>;
    if (field == *static_cast<const T *>(*next++))
      return;
    if constexpr (std::is_same_v<T, bool>)
      print(name, field ? "true" : "false");
    else if constexpr (std::is_enum_v<T>)
      for (const auto &value : limits) {
        if (value.value == field)
          print(name, value.name);
      }
    else if constexpr (std::is_same_v<T, std::string>)
      print(name,
            llvm::StringRef(field).contains(' ') ? "{" + field + "}" : field);
    else
      print(name, field);
  });
  return text;
}

inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os,
                                     const NumberRange &range) {
  bool isMultiple = range.multiple > 1;
  if (isMultiple)
    os << (range.orZero ? "0, or " : "") << "a multiple of " << range.multiple
       << " ";
  int64_t least = range.orZero && !isMultiple ? 0 : range.least;
  if (range.most == INT64_MAX)
    return os << least << " or more";
  return os << "from " << least << " to " << range.most;
}

inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os,
                                     const PowerOfTwo &range) {
  return os << (range.orZero ? "0, or " : "") << "a power of two up to "
            << range.most;
}

/// An error that names the first number out of its range.
template <class Struct>
llvm::Error checkRanges(const Struct &options) {
  std::string message;
  llvm::raw_string_ostream stream(message);
  Struct::forEach(options, [&](const char *name, const auto &field,
                               const char *, const auto &limits) {
    using Limits = std::decay_t<decltype(limits)>;
    if constexpr (std::is_same_v<Limits, NumberRange> ||
                  std::is_same_v<Limits, PowerOfTwo>) {
      if (!message.empty() || limits.contains(field))
        return;
      stream << "expected '" << name << "' to be " << limits << ", got "
             << field;
    }
  });
  if (message.empty())
    return llvm::Error::success();
  return llvm::createStringError(message);
}

} // namespace spattn

#endif // SPATTN_SUPPORT_STRUCTOPTIONS_H
