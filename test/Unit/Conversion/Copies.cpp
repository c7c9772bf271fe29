//===- Copies.cpp - Copies between the memories of the machine ------------===//
//
// Part of the spattn project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Warp.h"

#include "spattn/Dialect/SpattnGPU/IR/SpattnGPU.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace spattn;
using namespace spattn::spattn_gpu;
using namespace spattn::test;

static constexpr int64_t kRows = Datum::kRows, kQuad = Datum::kQuad;
/// Columns of a fragment in memory.
static constexpr int64_t kWidth = 64;

//===----------------------------------------------------------------------===//
// Where things are
//===----------------------------------------------------------------------===//

float *Machine::find(int64_t address, int64_t bytes) {
  auto it = arrays.upper_bound(address);
  if (it == arrays.begin())
    return nullptr;
  auto &[start, array] = *--it;
  int64_t offset = address - start;
  if (bytes != array.elementBytes || offset % bytes != 0 ||
      offset / bytes >= int64_t(array.data.size()))
    return nullptr;
  return &array.data[offset / bytes];
}

float &Machine::Cta::element(int64_t address, int64_t bytes) {
  if (float *found = machine.find(address, bytes))
    return *found;
  fail("no element of " + std::to_string(bytes) + " bytes at address " +
       std::to_string(address));
  return nowhere;
}

void Machine::Cta::store(int64_t address, int64_t bytes, float value) {
  element(address, bytes) = bytes == 2 ? roundToBF16(value) : value;
}

std::optional<Tile> Warp::locate(Value value) {
  auto tile = value.getDefiningOp<SharedOp>();
  std::vector<int32_t> &memory = cta.memories[tile.getMemory().getDefiningOp()];
  SharedType type = tile.getType();
  Tile result{&memory, number32(value), type.getRows(), type.getColumns()};
  int64_t end = result.first + 2 * type.getRows() * type.getColumns();
  if (result.first >= 0 && end <= int64_t(4 * memory.size()))
    return result;
  fail(tile, "a tile outside of its memory");
  return std::nullopt;
}

void Warp::startStore(std::function<void()> work) {
  stores.push_back(std::move(work));
  if (!machine.late)
    endStores();
}

void Warp::endStores() {
  for (const std::function<void()> &work : stores)
    work();
  stores.clear();
}

//===----------------------------------------------------------------------===//
// Tiles and words in shared memory
//===----------------------------------------------------------------------===//

bool Warp::runCopy(Operation &op) {
  auto define = [&](std::vector<float> elements) {
    values[op.getResult(0)].elements = std::move(elements);
    return true;
  };
  // Calls `visit(word, element)` for what the warp has of an accumulator in
  // memory: fragments of 64 columns, one after the other. False if there is no
  // such memory.
  auto forFragments = [&](auto access, AccumulatorType type, auto visit) {
    int64_t columns = type.getColumns();
    for (int64_t first = 0; first < columns; first += kWidth) {
      int64_t width = std::min(kWidth, columns - first);
      int32_t *own =
          words(&op, access.getMemory(), access.getStage(), access.getStride(),
                access.getOffset() + 4 * (64 * first + firstRow() * width),
                kRows * width);
      if (!own)
        return false;
      for (int64_t r = 0; r < kRows; ++r)
        for (int64_t c = 0; c < width; ++c)
          visit(own[r * width + c], r * columns + first + c);
    }
    return true;
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](LoadOp load) {
        std::optional<Tile> tile = locate(load.getTile());
        if (!tile)
          return false;
        const GlobalRows &from = machine.maps.at(number32(load.getMap()));
        int64_t row = number32(load.getRow());
        int64_t head = number32(load.getHead());
        int64_t batch = number32(load.getBatch());
        cta.startCopy(
            keyOf(load.getBarrier()), machine.late,
            [&cta = cta, tile = *tile, from, row, head, batch] {
              for (int64_t r = 0; r < tile.rows; ++r)
                for (int64_t c = 0; c < tile.columns; ++c) {
                  auto [at, exists] = from.at(row, head, batch, r);
                  tile.at(r, c) =
                      exists && c < from.columns
                          ? toBF16(cta.element(from.address + 2 * (at + c), 2))
                          : 0;
                }
            });
        return true;
      })
      .Case([&](LoadPagesOp load) {
        std::optional<Tile> tile = locate(load.getTile());
        if (!tile)
          return false;
        const GlobalRows &from = machine.maps.at(number32(load.getMap()));
        int64_t rows = load.getRowsOfPage();
        if (from.boxRows != rows)
          return fail(&op, "pages of other rows than the box of the map");
        int64_t row = number32(load.getRow());
        int64_t head = number32(load.getHead());
        std::vector<int64_t> pages;
        for (Value page : load.getPages())
          pages.push_back(number32(page));
        cta.startCopy(
            keyOf(load.getBarrier()), machine.late,
            [&cta = cta, tile = *tile, from, row, head, pages, rows] {
              for (int64_t r = 0; r < tile.rows; ++r)
                for (int64_t c = 0; c < tile.columns; ++c) {
                  int64_t page = pages[r / rows];
                  auto [at, exists] = from.at(row, head, page, r % rows);
                  exists &= page >= 0 && page < from.batches;
                  tile.at(r, c) =
                      exists && c < from.columns
                          ? toBF16(cta.element(from.address + 2 * (at + c), 2))
                          : 0;
                }
            });
        return true;
      })
      .Case([&](FinishLoadOp finish) {
        std::optional<Tile> tile = locate(finish.getTile());
        if (!tile)
          return false;
        int64_t first = number32(finish.getRows());
        cta.startCopy(keyOf(finish.getBarrier()), /*late=*/false,
                      [tile = *tile, first] {
                        for (int64_t r = first; r < tile.rows; ++r)
                          for (int64_t c = 0; c < tile.columns; ++c)
                            tile.at(r, c) = 0;
                      });
        return first >= 0 || fail(&op, "a negative number of rows");
      })
      .Case([&](ClearTileOp clear) {
        std::optional<Tile> tile = locate(clear.getTile());
        for (int64_t r = 0; tile && r < tile->rows; ++r)
          for (int64_t c = 0; c < tile->columns; ++c)
            tile->at(r, c) = 0;
        return tile.has_value();
      })
      .Case([&](LoadWordsOp load) {
        int32_t *to =
            words(&op, load.getMemory(), load.getStage(), load.getStride(),
                  load.getOffset(), load.getCount());
        if (!to)
          return false;
        int64_t from = number32(load.getPointer()), count = load.getCount();
        cta.startCopy(keyOf(load.getBarrier()), machine.late,
                      [&cta = cta, to, from, count] {
                        for (int64_t i = 0; i < count; ++i)
                          to[i] = llvm::bit_cast<int32_t>(
                              cta.element(from + 4 * i, 4));
                      });
        return true;
      })
      .Case([&](ReadColumnsOp read) {
        int64_t count = read.getType().getColumns();
        const int32_t *from = words(&op, read.getMemory(), read.getStage(),
                                    read.getStride(), read.getOffset(), count);
        std::vector<float> elements;
        for (int64_t i = 0; from && i < count; ++i)
          elements.push_back(llvm::bit_cast<float>(from[i]));
        return from && define(std::move(elements));
      })
      .Case([&](ReadFragmentOp read) {
        std::vector<float> elements(kRows * read.getType().getColumns());
        bool areThere = forFragments(
            read, read.getType(), [&](int32_t &word, int64_t element) {
              elements[element] = llvm::bit_cast<float>(word);
            });
        return areThere && define(std::move(elements));
      })
      .Case([&](WriteFragmentOp write) {
        Datum source = get(write.getSource());
        return forFragments(write, write.getSource().getType(),
                            [&](int32_t &word, int64_t element) {
                              word = llvm::bit_cast<int32_t>(
                                  source.elements[element]);
                            });
      })
      .Case([&](WriteOp write) {
        std::optional<Tile> tile = locate(write.getTile());
        Datum source = get(write.getSource());
        int64_t first = 64 * number32(write.getRowBlock()) + firstRow();
        for (int64_t r = 0; tile && r < kRows; ++r)
          for (int64_t c = 0; c < tile->columns; ++c)
            tile->at(first + r, c) =
                toBF16(source.elements[r * tile->columns + c]);
        return tile.has_value();
      })
      .Case([&](ReadOp read) {
        std::optional<Tile> tile = locate(read.getTile());
        int64_t first = 64 * number32(read.getRowBlock()) + firstRow();
        std::vector<float> elements;
        for (int64_t r = 0; tile && r < kRows; ++r)
          for (int64_t c = 0; c < tile->columns; ++c)
            elements.push_back(tile->get(first + r, c));
        return tile && define(std::move(elements));
      })
      .Case([&](RowProductsOp products) {
        std::optional<Tile> lhs = locate(products.getLhs()),
                            rhs = locate(products.getRhs());
        if (!lhs || !rhs)
          return false;
        int64_t first = 64 * number32(products.getRowBlock()) + firstRow();
        std::vector<float> elements(kRows * kQuad, 0.0f);
        for (int64_t r = 0; r < kRows; ++r)
          for (int64_t c = 0; c < lhs->columns; ++c)
            elements[r * kQuad + c % kQuad] +=
                lhs->get(first + r, c) * rhs->get(first + r, c);
        return define(std::move(elements));
      })
      .Case([&](StoreTileOp tileStore) {
        std::optional<Tile> tile = locate(tileStore.getTile());
        if (!tile)
          return false;
        const GlobalRows &to = machine.maps.at(number32(tileStore.getMap()));
        int64_t row = number32(tileStore.getRow());
        int64_t head = number32(tileStore.getHead());
        int64_t batch = number32(tileStore.getBatch());
        int64_t column = tileStore.getColumn();
        startStore([&cta = cta, tile = *tile, to, row, head, batch, column] {
          for (int64_t r = 0; r < tile.rows; ++r)
            for (int64_t c = 0; c < tile.columns && column + c < to.columns;
                 ++c)
              if (auto [at, exists] = to.at(row, head, batch, r); exists)
                cta.store(to.address + 2 * (at + column + c), 2,
                          tile.get(r, c));
        });
        return true;
      })
      .Case([&](StoreTileRowsOp store) {
        std::optional<Tile> tile = locate(store.getTile());
        int64_t to = number32(store.getPointer());
        int64_t rows = number32(store.getRows()), columns = store.getColumns();
        for (int64_t r = 0; tile && r < rows && r < tile->rows; ++r)
          for (int64_t c = 0; c < columns; ++c)
            cta.store(to + 2 * (positionOfRow(store, r) + c), 2,
                      tile->get(r, c));
        return tile.has_value();
      })
      .Default([&](Operation *) { return runGlobal(op); });
}

//===----------------------------------------------------------------------===//
// Between registers and global memory
//===----------------------------------------------------------------------===//

bool Warp::runGlobal(Operation &op) {
  // Calls `visit(r, position)` for those of the warp's rows that exist.
  auto forRows = [&](auto access, auto visit) {
    for (int64_t r = 0; r < kRows; ++r)
      if (firstRow() + r < number32(access.getRows()))
        visit(r, positionOfRow(access, firstRow() + r));
    return cta.error.empty();
  };
  auto forFragment = [&](auto access, AccumulatorType type, auto visit) {
    int64_t count = kRows * type.getColumns();
    int64_t first =
        number32(access.getPointer()) + 4 * firstRow() * type.getColumns();
    for (int64_t i = 0; i < count; ++i)
      visit(i, cta.element(first + 4 * i, 4));
    return cta.error.empty();
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](StoreOp access) {
        int64_t columns = access.getSource().getType().getColumns();
        int64_t bytes = access.getElementType().getIntOrFloatBitWidth() / 8;
        Datum source = get(access.getSource());
        int64_t pointer = number32(access.getPointer());
        return forRows(access, [&](int64_t r, int64_t position) {
          for (int64_t c = 0; c < columns; ++c)
            cta.store(pointer + bytes * (position + c), bytes,
                      source.elements[r * columns + c]);
        });
      })
      .Case([&](StoreRowsOp access) {
        Datum source = get(access.getSource());
        int64_t pointer = number32(access.getPointer());
        return forRows(access, [&](int64_t r, int64_t position) {
          cta.store(pointer + 4 * position, 4, source.elements[r * kQuad]);
        });
      })
      .Case([&](LoadRowsOp access) {
        Datum result;
        result.elements.assign(kRows * kQuad, get(access.getValue()).real);
        int64_t pointer = number32(access.getPointer());
        bool isDone = forRows(access, [&](int64_t r, int64_t position) {
          std::fill_n(&result.elements[r * kQuad], kQuad,
                      cta.element(pointer + 4 * position, 4));
        });
        values[op.getResult(0)] = std::move(result);
        return isDone;
      })
      .Case([&](LoadColumnsOp access) {
        Datum result;
        int64_t last = number32(access.getCount()) - 1;
        int64_t stride = number32(access.getStride());
        int64_t pointer = number32(access.getPointer());
        for (int64_t c = 0; c < int64_t(access.getType().getColumns()); ++c)
          result.elements.push_back(
              cta.element(pointer + 4 * std::min(c, last) * stride, 4));
        values[op.getResult(0)] = std::move(result);
        return cta.error.empty();
      })
      .Case([&](StoreFillOp fill) {
        int64_t bytes = fill.getValue().getType().getIntOrFloatBitWidth() / 8;
        int64_t pointer = number32(fill.getPointer());
        int64_t stride = number32(fill.getStride());
        for (int64_t r = 0; r < number32(fill.getRows()); ++r)
          for (int64_t c = 0; c < int64_t(fill.getColumns()); ++c)
            cta.store(pointer + bytes * (r * stride + c), bytes,
                      get(fill.getValue()).real);
        return cta.error.empty();
      })
      .Case([&](AddFragmentOp add) {
        Datum source = get(add.getSource());
        return forFragment(
            add, add.getSource().getType(),
            [&](int64_t i, float &sum) { sum += source.elements[i]; });
      })
      .Case([&](LoadFragmentOp load) {
        std::vector<float> &elements = values[op.getResult(0)].elements;
        elements.clear();
        return forFragment(load, load.getType(), [&](int64_t, float &sum) {
          elements.push_back(sum);
        });
      })
      .Default([&](Operation *) {
        return fail(&op, "an operation that tests cannot run");
      });
}
