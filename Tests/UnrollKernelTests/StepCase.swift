import CUnrollKernels
import Foundation
import Testing

/// The forms of recurrent step that the kernels know.
enum StepKind: String, CaseIterable, Sendable {
  case elmanTanh, elmanRelu, lstm, lstmPeephole, gruAfter, gruBefore

  /// Gates of R, and quarters of what a step saves.
  var gates: Int {
    switch self {
    case .elmanTanh, .elmanRelu: 1
    case .lstm, .lstmPeephole: 4
    case .gruAfter, .gruBefore: 3
    }
  }
  var saved: Int { gates == 1 ? 1 : 4 }
  var isLSTM: Bool { self == .lstm || self == .lstmPeephole }
  var activation: unroll_elman { self == .elmanRelu ? UNROLL_ELMAN_RELU : UNROLL_ELMAN_TANH }
}

/// One step of one kind: its inputs as arrays of a target, and calls of the kernels on them.
/// B rows, H hidden units, G gates.
struct StepCase {
  let target: KernelTarget
  let kind: StepKind
  let rows, hidden: Int
  /// R [G·H, H], x [B, G·H] = W x + b, bias [H], peephole [3, H], h₋ and c₋ [B, H].
  let r, x, bias, peephole, hPrevious, cPrevious: Elements

  init(_ target: KernelTarget, _ kind: StepKind, rows: Int, hidden: Int, seed: UInt64) {
    var numbers = Numbers(seed)
    (self.target, self.kind, self.rows, self.hidden) = (target, kind, rows, hidden)
    let scale = 1 / Double(hidden).squareRoot()
    r = numbers.input(target, kind.gates * hidden * hidden, -scale...scale)
    x = numbers.input(target, rows * kind.gates * hidden, -2...2)
    bias = numbers.input(target, hidden)
    peephole = numbers.input(target, 3 * hidden)
    hPrevious = numbers.input(target, rows * hidden)
    cPrevious = numbers.input(target, rows * hidden, -2...2)
  }

  /// An input [B, I] with its weights W [G·H, I] and bias [G·H].
  struct Input {
    let inputs: Int
    let x, w, bias: Elements
  }

  func input(_ inputs: Int, seed: UInt64) -> Input {
    var numbers = Numbers(seed)
    return Input(
      inputs: inputs, x: numbers.input(target, rows * inputs),
      w: numbers.input(target, kind.gates * hidden * inputs), bias: numbers.input(target, kind.gates * hidden))
  }

  /// This case with x = W·input + bias as a product makes it.
  func projecting(_ input: Input) -> StepCase {
    let (table, columns) = (target.table, kind.gates * hidden)
    let (width, tile) = (table.panel_columns, table.tile_rows)
    let panels = (columns + width - 1) / width
    let packed = Elements(target, count: panels * input.inputs * width)
    table.pack(width, 0, panels, columns, input.inputs, input.w.raw, 1, input.inputs, packed.raw)
    let y = Elements(target, count: rows * columns)
    table.product(
      0, (rows + tile - 1) / tile, 0, panels, rows, columns, input.inputs, input.x.raw, tile * input.inputs,
      input.inputs, 1, packed.raw, input.bias.raw, y.raw, columns, false)
    return StepCase(
      target: target, kind: kind, rows: rows, hidden: hidden, r: r, x: y, bias: bias, peephole: peephole,
      hPrevious: hPrevious, cPrevious: cPrevious)
  }

  private init(
    target: KernelTarget, kind: StepKind, rows: Int, hidden: Int, r: Elements, x: Elements, bias: Elements,
    peephole: Elements, hPrevious: Elements, cPrevious: Elements
  ) {
    (self.target, self.kind, self.rows, self.hidden) = (target, kind, rows, hidden)
    (self.r, self.x, self.bias, self.peephole) = (r, x, bias, peephole)
    (self.hPrevious, self.cPrevious) = (hPrevious, cPrevious)
  }

  /// The step with its input found within it, keeping nothing that can be left out, and c brought on in place.
  func direct(_ input: Input, split: Bool) -> Forward {
    let table = target.table
    let saved = Elements(target, count: kind == .gruBefore ? rows * 4 * hidden : 0)
    let c = Elements(copying: cPrevious)
    let h = Elements(target, count: rows * hidden)
    func panels(_ matrix: Elements, _ inner: Int, _ gates: Int, from row: Int) -> Elements {
      let packed = Elements(target, count: (hidden + table.lanes - 1) / table.lanes * inner * gates * table.lanes)
      table.pack_gates(
        gates, hidden, inner, matrix.raw + row * inner * target.elementBytes, inner, packed.raw)
      return packed
    }
    func described(_ w: Elements, gate: Int = 0) -> unroll_input {
      unroll_input(
        panels: w.raw, bias: input.bias.raw + gate * hidden * target.elementBytes, x: input.x.raw,
        inputs: input.inputs, x_row: input.inputs)
    }
    let parts = parts(width: table.lanes, split: split)
    let halves = kind == .gruBefore
    let gates = halves ? 2 : kind.gates
    let (wPanels, rPanels) = (panels(input.w, input.inputs, gates, from: 0), panels(r, hidden, gates, from: 0))
    var described1 = described(wPanels)
    for part in parts {
      switch kind {
      case .elmanTanh, .elmanRelu:
        table.elman(part, kind.activation, &described1, rPanels.raw, nil, hPrevious.raw, h.raw)
      case .lstm, .lstmPeephole:
        table.lstm(
          part, &described1, rPanels.raw, kind == .lstm ? nil : peephole.raw, nil, nil, hPrevious.raw, c.raw,
          c.raw, h.raw)
      case .gruAfter:
        table.gru_reset_after(
          part, &described1, rPanels.raw, bias.raw, nil, nil, hPrevious.raw, h.raw)
      case .gruBefore:
        table.gru_reset_before_gates(part, &described1, rPanels.raw, nil, saved.raw, hPrevious.raw)
      }
    }
    if halves {
      let (w, r) = (
        panels(input.w, input.inputs, 1, from: 2 * hidden), panels(r, hidden, 1, from: 2 * hidden)
      )
      var described2 = described(w, gate: 2)
      for part in parts {
        table.gru_reset_before_state(part, &described2, r.raw, nil, saved.raw, hPrevious.raw, h.raw)
      }
    }
    expectIntact(input.x, input.w, input.bias, saved, c, h, wPanels, rPanels)
    return Forward(saved: saved, c: c, h: h)
  }

  /// The results of a step: what it saved, c and h.
  struct Forward {
    let saved, c, h: Elements
    func isSame(as other: Forward) -> Bool {
      saved.bytes == other.saved.bytes && c.bytes == other.c.bytes && h.bytes == other.h.bytes
    }
  }

  func part(rows: Range<Int>, panels: Range<Int>) -> unroll_part {
    unroll_part(
      row0: rows.lowerBound, row1: rows.upperBound, panel0: panels.lowerBound, panel1: panels.upperBound,
      hidden: hidden)
  }

  /// Rows and panels of `width` units, whole or cut into uneven pieces that are run in reverse.
  func parts(width: Int, split: Bool) -> [unroll_part] {
    let panels = (hidden + width - 1) / width
    guard split else { return [part(rows: 0..<rows, panels: 0..<panels)] }
    let rowCuts = Set([0, rows / 3, rows / 2, rows]).sorted()
    let panelCuts = Set([0, 1, panels * 2 / 3, panels]).sorted()
    return zip(rowCuts, rowCuts.dropFirst()).flatMap { r0, r1 in
      zip(panelCuts, panelCuts.dropFirst()).map { part(rows: r0..<r1, panels: $0..<$1) }
    }.reversed()
  }

  private func gatePanels(_ gates: Int, from row: Int) -> Elements {
    let lanes = target.table.lanes
    let packed = Elements(target, count: (hidden + lanes - 1) / lanes * hidden * gates * lanes)
    target.table.pack_gates(
      gates, hidden, hidden, r.raw + row * hidden * target.elementBytes, hidden, packed.raw)
    return packed.freeze()
  }

  /// Product panels of `gates` gates of R from a row on, for the sums over them.
  private func productPanels(_ gates: Int, from row: Int) -> Elements {
    let width = target.table.panel_columns
    let panels = (hidden + width - 1) / width
    let k = gates * hidden
    let packed = Elements(target, count: panels * k * width)
    target.table.pack(
      width, 0, panels, hidden, k, r.raw + row * hidden * target.elementBytes, hidden, 1, packed.raw)
    return packed.freeze()
  }

  func forward(split: Bool) -> Forward {
    let table = target.table
    let saved = kind.isLSTM ? Elements(copying: x) : Elements(target, count: rows * kind.saved * hidden)
    let c = Elements(target, count: kind.isLSTM ? rows * hidden : 0)
    let h = Elements(target, count: rows * hidden)
    let parts = parts(width: table.lanes, split: split)
    switch kind {
    case .elmanTanh, .elmanRelu:
      let panels = gatePanels(1, from: 0)
      for part in parts { table.elman(part, kind.activation, nil, panels.raw, x.raw, hPrevious.raw, h.raw) }
      expectIntact(panels)
    case .lstm, .lstmPeephole:
      let panels = gatePanels(4, from: 0)
      let peepholes = kind == .lstm ? nil : peephole.raw
      for part in parts {
        table.lstm(
          part, nil, panels.raw, peepholes, x.raw, saved.raw, hPrevious.raw, cPrevious.raw, c.raw, h.raw)
      }
      expectIntact(panels)
    case .gruAfter:
      let panels = gatePanels(3, from: 0)
      for part in parts {
        table.gru_reset_after(part, nil, panels.raw, bias.raw, x.raw, saved.raw, hPrevious.raw, h.raw)
      }
      expectIntact(panels)
    case .gruBefore:
      let (panels, last) = (gatePanels(2, from: 0), gatePanels(1, from: 2 * hidden))
      for part in parts { table.gru_reset_before_gates(part, nil, panels.raw, x.raw, saved.raw, hPrevious.raw) }
      for part in parts {
        table.gru_reset_before_state(part, nil, last.raw, x.raw, saved.raw, hPrevious.raw, h.raw)
      }
      expectIntact(panels, last)
    }
    expectIntact(r, x, bias, peephole, hPrevious, cPrevious, saved, c, h)
    return Forward(saved: saved, c: c, h: h)
  }

  /// What reaches a step from behind: the gate gradients of the following step, of which the first rows count, the
  /// gradient of the output, and those of h and c.
  struct Incoming {
    let next: Elements
    let rowsNext: Int
    let dout: Elements?
    let carry, dc: Elements
  }

  struct Backward {
    let gates, carry, dc: Elements
    func isSame(as other: Backward) -> Bool {
      gates.bytes == other.gates.bytes && carry.bytes == other.carry.bytes && dc.bytes == other.dc.bytes
    }
  }

  func incoming(rowsNext: Int, dout: Bool, seed: UInt64) -> Incoming {
    var numbers = Numbers(seed)
    return Incoming(
      next: numbers.input(target, rowsNext * kind.saved * hidden), rowsNext: rowsNext,
      dout: dout ? numbers.input(target, rows * hidden) : nil, carry: numbers.input(target, rows * hidden),
      dc: numbers.input(target, kind.isLSTM ? rows * hidden : 0))
  }

  func backward(_ forward: Forward, _ incoming: Incoming, split: Bool) -> Backward {
    let table = target.table
    let gates = Elements(copying: forward.saved)
    let (carry, dc) = (Elements(copying: incoming.carry), Elements(copying: incoming.dc))
    let parts = parts(width: table.panel_columns, split: split)
    let (next, rowsNext, dout) = (incoming.next.raw, incoming.rowsNext, incoming.dout?.raw)
    switch kind {
    case .elmanTanh, .elmanRelu:
      let panels = productPanels(1, from: 0)
      for part in parts {
        table.elman_gradient(
          part, kind.activation, panels.raw, next, rowsNext, dout, carry.raw, forward.h.raw, gates.raw)
      }
      expectIntact(panels)
    case .lstm, .lstmPeephole:
      let panels = productPanels(4, from: 0)
      let peepholes = kind == .lstm ? nil : peephole.raw
      for part in parts {
        table.lstm_gradient(
          part, panels.raw, peepholes, next, rowsNext, dout, carry.raw, dc.raw, cPrevious.raw, forward.c.raw,
          gates.raw)
      }
      expectIntact(panels)
    case .gruAfter:
      let panels = productPanels(3, from: 0)
      for part in parts {
        table.gru_reset_after_gradient(
          part, panels.raw, next, rowsNext, dout, carry.raw, hPrevious.raw, gates.raw)
      }
      expectIntact(panels)
    case .gruBefore:
      let (panels, last) = (productPanels(2, from: 0), productPanels(1, from: 2 * hidden))
      for part in parts {
        table.gru_reset_before_state_gradient(
          part, panels.raw, next, rowsNext, dout, carry.raw, hPrevious.raw, gates.raw)
      }
      for part in parts {
        table.gru_reset_before_gates_gradient(part, last.raw, carry.raw, hPrevious.raw, gates.raw)
      }
      expectIntact(panels, last)
    }
    expectIntact(
      r, peephole, hPrevious, cPrevious, incoming.next, incoming.carry, incoming.dc, gates, carry, dc)
    return Backward(gates: gates, carry: carry, dc: dc)
  }
}
