import Foundation
import Testing
import UnrollCore

/// What a program does wrong with shapes ends it with a message that says where, in release builds too.
@Suite struct MisuseTests {
  private static func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }

  @Test func addition() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Variable(.zeros([2, 3])) + Variable(.zeros([3, 2]))
    }
    #expect(Self.message(result).contains("Variable + Variable: the shapes [2, 3] and [3, 2] do not fit"))
  }

  @Test func concatenation() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Variable.concatenated([Variable(.zeros([2, 3])), Variable(.zeros([3, 3]))], axis: -1)
    }
    #expect(
      Self.message(result).contains(
        "concatenated(_:axis:): the shapes [2, 3] and [3, 3] differ in more than axis 1"))
  }

  @Test func columns() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Variable(.zeros([2, 3])).columns(1..<5)
    }
    #expect(Self.message(result).contains("columns: the shape [2, 3] has no columns 1..<5"))
  }

  @Test func rowsOfATable() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).gather([0, 7])
    }
    #expect(Self.message(result).contains("gather: the shape [2, 3] has no row 7"))
  }

  @Test func reshaping() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).reshaped(to: [4, 2])
    }
    #expect(
      Self.message(result).contains("the shape [2, 3] of 6 elements does not become [4, 2] of 8"))
  }

  @Test func axes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).sum(axis: 2)
    }
    #expect(Self.message(result).contains("sum(axis:): there is no axis 2 in the shape [2, 3]"))
  }

  @Test func scalars() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2]).scalar
    }
    #expect(Self.message(result).contains("one element was expected, found the shape [2]"))
  }

  @Test func elements() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3])[0, 3]
    }
    #expect(Self.message(result).contains("there is no element [0, 3] in the shape [2, 3]"))
  }

  @Test func lossesOfManyNumbers() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = valueWithGradient(of: NoParameters(), inputs: [.zeros([5])]) { _, x in (x[0], ()) }
    }
    #expect(Self.message(result).contains("must give one number, found the shape [5]"))
  }

  @Test func variablesOfTwoComputations() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = valueWithGradient(of: NoParameters(), inputs: [.zeros([5])]) { _, x in
        let kept = x[0]
        _ = valueWithGradient(of: NoParameters(), inputs: [.zeros([5])]) { _, y in ((y[0] + kept).sum(), ()) }
        return (kept.sum(), ())
      }
    }
    #expect(Self.message(result).contains("two calls of valueWithGradient"))
  }

  @Test func shapesTooLargeToCount() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Shape([1 << 40, 1 << 40]).count
    }
    #expect(Self.message(result).contains("too many elements: [1099511627776, 1099511627776]"))
    #expect(Shape([1 << 40, 0, 1 << 40]).count == 0)
  }
}
