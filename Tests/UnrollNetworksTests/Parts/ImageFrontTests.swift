import Testing
import UnrollCore
import UnrollNetworks

/// Pictures as steps: by columns, rows, places; after convolution and sweeps; ragged.
@Suite struct ImageFrontTests {
  private static func picture(_ height: Int, _ width: Int, _ channels: Int, _ seed: UInt64) -> (
    height: Int, width: Int, values: [Float]
  ) {
    var random = RandomSource(seed: seed)
    return (height, width, (0..<height * width * channels).map { _ in random.normal() })
  }

  private static func front(
    _ reading: ImageFront.Reading, size: Extent2D, channels: Int = 2, blocks: [ConvolutionBlock.Form] = [],
    sweeps: [PictureSweep.Form] = []
  ) -> ImageFront {
    var random = RandomSource(seed: 5)
    return ImageFront(
      reading, size: size, channels: channels, blocks: blocks, sweeps: sweeps, using: &random)
  }

  private static func steps(_ front: ImageFront, _ batch: ImageBatch) throws -> [[[Float]]] {
    var none: RandomSource?
    let x = try front(batch, random: &none)
    let (rows, width) = (x.rows.value.elements, front.outputSize)
    #expect(x.rows.shape == [x.layout.rows, width])
    return x.layout.unpacking((0..<x.layout.rows).map { Array(rows[$0 * width..<($0 + 1) * width]) })
  }

  /// Without convolution a step is what the picture has there.
  @Test(arguments: ImageFront.Reading.allCases) func rawStepsAreThePixels(_ reading: ImageFront.Reading)
    throws
  {
    let sizes: [(Int, Int)] = reading == .rows ? [(3, 4), (1, 4), (5, 4)] : [(3, 4), (3, 1), (3, 7)]
    let pictures = sizes.enumerated().map { Self.picture($1.0, $1.1, 2, UInt64($0)) }
    let front = Self.front(reading, size: .init(3, 4))
    let found = try Self.steps(front, ImageBatch(pictures, channels: 2, for: reading))
    for (picture, steps) in zip(pictures, found) {
      func pixel(_ row: Int, _ column: Int) -> [Float] {
        let at = (row * picture.width + column) * 2
        return Array(picture.values[at..<at + 2])
      }
      let (rows, columns) = (0..<picture.height, 0..<picture.width)
      let expected: [[Float]] =
        switch reading {
        case .columns: columns.map { column in rows.flatMap { pixel($0, column) } }
        case .rows: rows.map { row in columns.flatMap { pixel(row, $0) } }
        case .grid: rows.flatMap { row in columns.map { pixel(row, $0) } }
        }
      #expect(steps == expected)
    }
  }

  private static let blocks: [ConvolutionBlock.Form] = [
    .init(channels: 5, pool: .init(2, 1)), .init(channels: 4, kernel: .init(3, 5), stride: .init(1, 2)),
    .init(channels: 3, kernel: 2, pool: 2, isNormalized: false),
  ]
  private static let forms: [(String, [ConvolutionBlock.Form], [PictureSweep.Form])] = [
    ("convolution", blocks, []),
    ("sweeps", [], [.init(patch: .init(2, 3), hidden: 3), .init(patch: 1, hidden: 2, cell: .lstm)]),
    ("both", [.init(channels: 4, pool: 2)], [.init(patch: 2, hidden: 3)]),
  ]

  /// A picture gives the same steps alone and among larger ones, whatever the padding holds, to the bit.
  @Test(arguments: ImageFront.Reading.allCases, 0..<3)
  func stepsDoNotDependOnPadding(_ reading: ImageFront.Reading, _ index: Int) throws {
    let (name, blocks, sweeps) = Self.forms[index]
    let lengths = [17, 1, 12, 0, 31]
    let size: Extent2D = 16
    let front = Self.front(reading, size: size, blocks: blocks, sweeps: sweeps)
    let pictures = lengths.enumerated().map { index, length in
      reading == .rows
        ? Self.picture(length, 16, 2, UInt64(index)) : Self.picture(16, length, 2, UInt64(index))
    }
    let batch = ImageBatch(pictures, channels: 2, for: reading)
    let together = try Self.steps(front, batch)
    let places = front.outputExtent
    for (index, picture) in pictures.enumerated() {
      let perStep = reading == .grid ? places.height : 1
      #expect(together[index].count == front.steps(of: lengths[index]) * perStep, "\(name), \(index)")
      guard lengths[index] > 0 else { continue }
      let alone = try Self.steps(front, ImageBatch([picture], channels: 2, for: reading))
      #expect(alone[0] == together[index], "\(name), picture \(index)")
    }
    // Numbers beyond a picture are not read.
    let axis = reading.axis
    let shape = batch.pixels.shape
    let spoiled = batch.pixels.value.elements.enumerated().map { at, value in
      let place = axis == 1 ? at / (shape[2] * 2) % shape[1] : at / 2 % shape[2]
      return place < lengths[at / (shape[1] * shape[2] * 2)] ? value : 1000
    }
    let other = ImageBatch(Variable(Tensor(spoiled, shape: shape)), layout: batch.layout)
    #expect(try Self.steps(front, other) == together, "\(name)")
  }

  /// One sweep of units that copy: what a place knows comes from its own column and row in the right order.
  @Test func sweepsReadBothAxesBothWays() throws {
    var random = RandomSource(seed: 3)
    let sweep = PictureSweep(channels: 1, .init(patch: 1, hidden: 4), using: &random).converted(to: .double)
    let (height, width) = (4, 3)
    func features(_ x: [Double]) throws -> [Double] {
      var none: RandomSource?
      let pixels = Variable(Tensor(doubles: x, shape: [1, height, width, 1]))
      return try sweep(pixels, SequenceLayout(lengths: [width]), axis: 2, random: &none).y.value.doubles
    }
    let start = (0..<12).map { Double($0) / 12 }
    let before = try features(start)
    // Each place hears of each other one: through its column, then its row.
    for moved in 0..<12 {
      var other = start
      other[moved] += 1
      let after = try features(other)
      for place in 0..<12 {
        let isHeard = (0..<8).contains { before[place * 8 + $0] != after[place * 8 + $0] }
        #expect(isHeard, "pixel \(moved) at place \(place)")
      }
    }
    // The same by hand: down and up each column, then along each row.
    var none: RandomSource?
    func read(_ encoder: RecurrentEncoder, _ rows: [[Double]]) throws -> [[Double]] {
      let x = Variable(Tensor(doubles: rows.flatMap { $0 }, shape: [rows.count, rows[0].count]))
      let y = try encoder(
        PackedSequence(rows: x, layout: SequenceLayout(lengths: [rows.count])), random: &none
      ).rows.value.doubles
      return (0..<rows.count).map { Array(y[$0 * 8..<($0 + 1) * 8]) }
    }
    let columns = try (0..<width).map { column in
      try read(sweep.vertical, (0..<height).map { [start[$0 * width + column]] })
    }
    for row in 0..<height {
      let expected = try read(sweep.horizontal, columns.map { $0[row] })
      for (column, values) in expected.enumerated() {
        let at = (row * width + column) * 8
        #expect(zip(before[at..<at + 8], values).allSatisfy { abs($0 - $1) < 1e-12 })
      }
    }
  }

  @Test(arguments: 0..<3) func everyWeightTakesPart(_ index: Int) throws {
    let (name, blocks, sweeps) = Self.forms[index]
    let front = Self.front(.columns, size: 16, blocks: blocks, sweeps: sweeps)
    let pictures = [Self.picture(16, 20, 2, 1), Self.picture(16, 13, 2, 2)]
    let gradients = try valueWithGradient(of: front) { front in
      var random: RandomSource? = RandomSource(seed: 1)
      let x = try front(ImageBatch(pictures, channels: 2, for: .columns), random: &random)
      return (x.rows * Variable(.uniform(-1...1, shape: x.rows.shape, using: &random!))).sum()
    }.gradients
    #expect(!gradients.names.isEmpty)
    for (parameter, gradient) in zip(gradients.names, gradients.values) {
      #expect(gradient.tensor.doubles.contains { $0 != 0 }, "\(name), \(parameter)")
    }
  }

  @Test func picturesOfAnotherKindAreRefused() {
    let front = Self.front(.columns, size: .init(8, 8))
    var none: RandomSource?
    for shape in [[2, 7, 9, 2], [2, 8, 9, 3], [2, 8, 18]] as [Shape] {
      #expect(throws: ShapeError.self) {
        try front(
          ImageBatch(Variable(.zeros(shape)), layout: SequenceLayout(lengths: [9, 9])), random: &none)
      }
    }
    #expect(throws: ShapeError.self) {
      try front(
        ImageBatch(Variable(.zeros([2, 8, 9, 2])), layout: SequenceLayout(lengths: [9, 10])), random: &none)
    }
  }
}
