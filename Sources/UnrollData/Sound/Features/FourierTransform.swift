import UnrollCore

/// The discrete Fourier transform of real numbers, of any length n, in double precision.
///
///     X[k] = Σᵢ x[i] · e^(−2πi·ik/n),    k = 0 … ⌊n/2⌋
///
/// the other half being its mirror. Powers of two are halved (Cooley and Tukey 1965); any other length is a convolution
/// of a power of two (Bluestein 1970). Twiddle factors are computed, not multiplied up: errors are about 1e-15 of the
/// largest value. A transform is a plan and its working memory: it is used by one thread at a time.
public struct FourierTransform: Sendable {
  /// How many real numbers are transformed.
  public let count: Int
  /// How many frequencies there are: ⌊n/2⌋ + 1.
  public var bins: Int { count / 2 + 1 }

  private var complex: ComplexTransform
  private let isEven: Bool
  private let cosines: [Double]
  private let sines: [Double]
  private var real: [Double]
  private var imaginary: [Double]

  /// - Precondition: `count` is at least 1.
  public init(_ count: Int) {
    precondition(count >= 1, "a transform has a length of at least 1")
    self.count = count
    // An even length is a transform of half as many complex numbers, and one step more.
    isEven = count.isMultiple(of: 2)
    let length = isEven ? count / 2 : count
    complex = ComplexTransform(length)
    let angles = isEven ? (0...length).map { -2 * Double.pi * Double($0) / Double(count) } : []
    cosines = angles.map { cosine($0) }
    sines = angles.map { sine($0) }
    real = [Double](repeating: 0, count: length)
    imaginary = real
  }

  /// Transforms n real numbers to `bins` complex ones.
  public mutating func forward(_ values: [Double], real re: inout [Double], imaginary im: inout [Double]) {
    precondition(values.count == count, "a transform has its length")
    if re.count != bins { re = [Double](repeating: 0, count: bins) }
    if im.count != bins { im = [Double](repeating: 0, count: bins) }
    guard isEven else {
      for index in 0..<count { (real[index], imaginary[index]) = (values[index], 0) }
      complex.forward(&real, &imaginary)
      for bin in 0..<bins { (re[bin], im[bin]) = (real[bin], imaginary[bin]) }
      return
    }
    let half = count / 2
    for index in 0..<half { (real[index], imaginary[index]) = (values[2 * index], values[2 * index + 1]) }
    complex.forward(&real, &imaginary)
    // Z = E + iO, with E and O the transforms of even and odd places; X[k] = E[k] + e^(−2πik/n) O[k].
    for bin in 0...half {
      let (a, b) = (bin == half ? 0 : bin, bin == 0 ? 0 : half - bin)
      let evenReal = 0.5 * (real[a] + real[b])
      let evenImaginary = 0.5 * (imaginary[a] - imaginary[b])
      let oddReal = 0.5 * (imaginary[a] + imaginary[b])
      let oddImaginary = 0.5 * (real[b] - real[a])
      re[bin] = evenReal + cosines[bin] * oddReal - sines[bin] * oddImaginary
      im[bin] = evenImaginary + cosines[bin] * oddImaginary + sines[bin] * oddReal
    }
  }

  /// The inverse: n real numbers of `bins` complex ones, whose mirror is understood. What the first bin, and the last of
  /// an even length, have as an imaginary part is passed over.
  public mutating func inverse(real re: [Double], imaginary im: [Double], into values: inout [Double]) {
    precondition(re.count == bins && im.count == bins, "a transform has its length")
    if values.count != count { values = [Double](repeating: 0, count: count) }
    guard isEven else {
      for bin in 0..<count {
        let isMirror = bin >= bins
        let source = isMirror ? count - bin : bin
        // A forward transform of the conjugate is the conjugate of the inverse.
        real[bin] = re[source]
        imaginary[bin] = source == 0 ? 0 : isMirror ? im[source] : -im[source]
      }
      complex.forward(&real, &imaginary)
      for index in 0..<count { values[index] = real[index] / Double(count) }
      return
    }
    let half = count / 2
    for bin in 0..<half {
      let mirror = half - bin
      let (a, b) = (bin == 0 ? 0 : im[bin], mirror == half ? 0 : im[mirror])
      let evenReal = 0.5 * (re[bin] + re[mirror])
      let evenImaginary = 0.5 * (a - b)
      let differenceReal = 0.5 * (re[bin] - re[mirror])
      let differenceImaginary = 0.5 * (a + b)
      let oddReal = differenceReal * cosines[bin] + differenceImaginary * sines[bin]
      let oddImaginary = differenceImaginary * cosines[bin] - differenceReal * sines[bin]
      // Conjugated on the way in.
      real[bin] = evenReal - oddImaginary
      imaginary[bin] = -(evenImaginary + oddReal)
    }
    complex.forward(&real, &imaginary)
    for index in 0..<half {
      values[2 * index] = real[index] / Double(half)
      values[2 * index + 1] = -imaginary[index] / Double(half)
    }
  }
}

/// The transform of complex numbers of any length.
private struct ComplexTransform: Sendable {
  let count: Int
  private let powers: PowerTransform
  private let isPower: Bool
  /// Bluestein's chirp e^(−πi·k²/n), and the transform of its conjugate, wrapped round.
  private var chirpReal: [Double] = []
  private var chirpImaginary: [Double] = []
  private var filterReal: [Double] = []
  private var filterImaginary: [Double] = []
  private var workReal: [Double] = []
  private var workImaginary: [Double] = []

  init(_ count: Int) {
    self.count = count
    isPower = count & (count - 1) == 0
    var length = 1
    while length < (isPower ? count : 2 * count - 1) { length *= 2 }
    powers = PowerTransform(length)
    guard !isPower else { return }
    for index in 0..<count {
      // k² modulo 2n, so that the angle stays small and exact.
      let square = index.multipliedFullWidth(by: index)
      let angle = -Double.pi * Double((2 * count).dividingFullWidth(square).remainder) / Double(count)
      chirpReal.append(cosine(angle))
      chirpImaginary.append(sine(angle))
    }
    filterReal = [Double](repeating: 0, count: length)
    filterImaginary = filterReal
    for index in 0..<count {
      for place in [index, (length - index) % length] {
        filterReal[place] = chirpReal[index]
        filterImaginary[place] = -chirpImaginary[index]
      }
    }
    powers.forward(&filterReal, &filterImaginary)
    workReal = [Double](repeating: 0, count: length)
    workImaginary = workReal
  }

  mutating func forward(_ real: inout [Double], _ imaginary: inout [Double]) {
    if isPower {
      powers.forward(&real, &imaginary)
      return
    }
    let length = workReal.count
    for index in 0..<length {
      guard index < count else {
        (workReal[index], workImaginary[index]) = (0, 0)
        continue
      }
      workReal[index] = real[index] * chirpReal[index] - imaginary[index] * chirpImaginary[index]
      workImaginary[index] = real[index] * chirpImaginary[index] + imaginary[index] * chirpReal[index]
    }
    powers.forward(&workReal, &workImaginary)
    for index in 0..<length {
      let re = workReal[index] * filterReal[index] - workImaginary[index] * filterImaginary[index]
      let im = workReal[index] * filterImaginary[index] + workImaginary[index] * filterReal[index]
      // Conjugated, since the inverse is a forward transform of the conjugate.
      (workReal[index], workImaginary[index]) = (re, -im)
    }
    powers.forward(&workReal, &workImaginary)
    let scale = 1 / Double(length)
    for index in 0..<count {
      let (re, im) = (workReal[index] * scale, -workImaginary[index] * scale)
      real[index] = re * chirpReal[index] - im * chirpImaginary[index]
      imaginary[index] = re * chirpImaginary[index] + im * chirpReal[index]
    }
  }
}

/// The transform of a power of two of complex numbers, in place: bits reversed, then halves joined.
private struct PowerTransform: Sendable {
  private let count: Int
  private let order: [Int32]
  /// e^(−2πi·k/n) for k < n/2.
  private let cosines: [Double]
  private let sines: [Double]

  init(_ count: Int) {
    self.count = count
    let bits = count.trailingZeroBitCount
    order = (0..<count).map { index in
      bits == 0 ? 0 : Int32(truncatingIfNeeded: UInt64(index).bitReversed >> UInt64(64 - bits))
    }
    cosines = (0..<(count / 2)).map { cosine(-2 * Double.pi * Double($0) / Double(count)) }
    sines = (0..<(count / 2)).map { sine(-2 * Double.pi * Double($0) / Double(count)) }
  }

  func forward(_ real: inout [Double], _ imaginary: inout [Double]) {
    for index in 0..<count {
      let other = Int(order[index])
      if other > index {
        real.swapAt(index, other)
        imaginary.swapAt(index, other)
      }
    }
    var re = real.mutableSpan
    var im = imaginary.mutableSpan
    var size = 1
    while size < count {
      join(&re, &im, size)
      size *= 2
    }
  }

  /// Joins pairs of transforms of `size` numbers to transforms of twice as many.
  private func join(_ re: inout MutableSpan<Double>, _ im: inout MutableSpan<Double>, _ size: Int) {
    let stride = count / (2 * size)
    let (cosines, sines) = (cosines.span, sines.span)
    var start = 0
    while start < count {
      var factor = 0
      for a in start..<(start + size) {
        let b = a + size
        let (c, s) = (cosines[factor], sines[factor])
        let r = re[b] * c - im[b] * s
        let i = re[b] * s + im[b] * c
        (re[b], im[b]) = (re[a] - r, im[a] - i)
        (re[a], im[a]) = (re[a] + r, im[a] + i)
        factor += stride
      }
      start += 2 * size
    }
  }
}

extension UInt64 {
  /// The same bits from the other end.
  fileprivate var bitReversed: UInt64 {
    var bits = byteSwapped
    bits = (bits & 0x0f0f_0f0f_0f0f_0f0f) << 4 | (bits >> 4) & 0x0f0f_0f0f_0f0f_0f0f
    bits = (bits & 0x3333_3333_3333_3333) << 2 | (bits >> 2) & 0x3333_3333_3333_3333
    return (bits & 0x5555_5555_5555_5555) << 1 | (bits >> 1) & 0x5555_5555_5555_5555
  }
}
