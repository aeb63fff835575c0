import UnrollCore

/// A convolution over pictures `[B, H, W, C]`; see `Variable.conv2d`. W `[M, kernel height, kernel width, C / groups]`,
/// b `[M]`.
public struct Conv2D: Module {
  public var weight: Parameter
  public var bias: Parameter?
  public let stride: Extent2D
  public let padding: Extent2D
  public let groups: Int

  /// Random weights, normal with variance 2 / (inputs of a sum) (He et al. 2015, equation 10), and a bias of 0.
  ///
  /// - Parameter padding: `nil`: half of the kernel, so that pictures keep their extent where it is odd and nothing is
  ///   skipped.
  public init(
    inputChannels: Int, outputChannels: Int, kernel: Extent2D, stride: Extent2D = 1, padding: Extent2D? = nil,
    groups: Int = 1, bias: Bool = true, using random: inout RandomSource
  ) {
    precondition(
      groups > 0 && inputChannels.isMultiple(of: groups) && outputChannels.isMultiple(of: groups),
      "groups share channels")
    let inputs = inputChannels / groups
    let deviation = (2 / Float(max(1, kernel.height * kernel.width * inputs))).squareRoot()
    weight = Parameter([outputChannels, kernel.height, kernel.width, inputs]) {
      .normal(
        deviation: deviation, shape: [outputChannels, kernel.height, kernel.width, inputs], using: &random)
    }
    self.bias = bias ? .zeros([outputChannels]) : nil
    self.stride = stride
    self.padding = padding ?? Extent2D(kernel.height / 2, kernel.width / 2)
    self.groups = groups
  }

  /// M, the channels of y.
  public var outputChannels: Int { weight.shape[0] }

  /// Where its kernel stands.
  public var window: Window2D {
    Window2D(kernel: Extent2D(weight.shape[1], weight.shape[2]), stride: stride, padding: padding)
  }

  /// - Parameter relu: whether max(0, ·) is taken of the sums.
  /// - Returns: `[B, H′, W′, M]` for x `[B, H, W, C]`.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(_ x: Variable, relu: Bool = false) throws(ShapeError) -> Variable {
    try x.conv2d(
      weight.variable, bias: bias?.variable, stride: stride, padding: padding, groups: groups, relu: relu)
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try body(parameterName(path, "weight"), &weight)
    if bias != nil { try body(parameterName(path, "bias"), &bias!) }
  }
}

/// What convolutional networks are made of:
///
///     y = largest within windows of max(0, norm(conv(x)))
///
/// with layer normalisation over the channels of each place, so that no place depends on how many others there are.
public struct ConvolutionBlock: Module {
  /// The extents of a block.
  public struct Form: Sendable, Hashable, Codable {
    public let channels: Int
    public let kernel: Extent2D
    public let stride: Extent2D
    /// The windows of the largest, side by side; 1: none.
    public let pool: Extent2D
    public let isNormalized: Bool

    public init(
      channels: Int, kernel: Extent2D = 3, stride: Extent2D = 1, pool: Extent2D = 1, isNormalized: Bool = true
    ) {
      self.channels = channels
      self.kernel = kernel
      self.stride = stride
      self.pool = pool
      self.isNormalized = isNormalized
    }

    var convolution: Window2D {
      Window2D(kernel: kernel, stride: stride, padding: Extent2D(kernel.height / 2, kernel.width / 2))
    }

    /// The extent of what comes out.
    public func extent(of picture: Extent2D) -> Extent2D {
      let windows = [convolution, Window2D(kernel: pool)]
      return windows.reduce(picture) { Extent2D($1.rows(of: $0.height), $1.columns(of: $0.width)) }
    }
  }

  public let form: Form
  public var convolution: Conv2D
  /// `nil`: the sums as they are, with a bias.
  public var norm: LayerNorm?

  public init(inputChannels: Int, _ form: Form, using random: inout RandomSource) {
    self.form = form
    convolution = Conv2D(
      inputChannels: inputChannels, outputChannels: form.channels, kernel: form.kernel, stride: form.stride,
      bias: !form.isNormalized, using: &random)
    norm = form.isNormalized ? LayerNorm(size: form.channels) : nil
  }

  /// - Returns: `[B, H′, W′, channels]`.
  /// - Throws: `ShapeError` when x does not fit.
  public func callAsFunction(_ x: Variable) throws(ShapeError) -> Variable {
    var y = try convolution(x, relu: norm == nil)
    if let norm { y = try norm(y).relu() }
    return form.pool == 1 ? y : try y.maxPool2d(Window2D(kernel: form.pool))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try convolution.forEachParameter(parameterName(path, "convolution"), body)
    try norm?.forEachParameter(parameterName(path, "norm"), body)
  }
}
