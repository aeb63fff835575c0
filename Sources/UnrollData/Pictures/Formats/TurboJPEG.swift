#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

#if !canImport(ImageIO)
  /// JPEG by libturbojpeg, which is looked for when the first picture is read: building needs nothing, and where the
  /// library is missing there is `ffmpeg`.
  ///
  /// The one file that calls into the library. The functions are those of TurboJPEG 2, which version 3 still has.
  struct TurboJPEG: Sendable {
    private typealias Handle = UnsafeMutableRawPointer
    private typealias Start = @convention(c) @Sendable () -> Handle?
    private typealias Decompress =
      @convention(c) @Sendable (
        Handle, UnsafePointer<UInt8>?, UInt, UnsafeMutablePointer<UInt8>?, Int32, Int32, Int32, Int32, Int32
      ) -> Int32
    private typealias Message = @convention(c) @Sendable (Handle) -> UnsafePointer<CChar>?
    private typealias Code = @convention(c) @Sendable (Handle) -> Int32
    private let start: Start
    private let decompress: Decompress
    private let message: Message
    private let code: Code
    private let destroy: Code

    /// The library, where the machine has it.
    static let shared = TurboJPEG()

    private init?() {
      let names = ["libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.so.1"]
      guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
        let start = dlsym(library, "tjInitDecompress"), let decompress = dlsym(library, "tjDecompress2"),
        let message = dlsym(library, "tjGetErrorStr2"), let code = dlsym(library, "tjGetErrorCode"),
        let destroy = dlsym(library, "tjDestroy")
      else { return nil }
      self.start = unsafeBitCast(start, to: Start.self)
      self.decompress = unsafeBitCast(decompress, to: Decompress.self)
      self.message = unsafeBitCast(message, to: Message.self)
      self.code = unsafeBitCast(code, to: Code.self)
      self.destroy = unsafeBitCast(destroy, to: Code.self)
    }

    private enum PixelFormat {
      static let rgb: Int32 = 0
      static let grey: Int32 = 6
    }

    /// No more scans than a camera writes: each costs the time of a whole picture.
    private static let limitScans: Int32 = 32768

    /// The pixels of a file whose header was read; or what the library says of it, and whether that is a warning.
    func pixels(
      _ bytes: [UInt8], width: Int, height: Int, channels: Int
    ) -> (pixels: [UInt8], message: String?, isWarning: Bool) {
      var pixels = [UInt8](repeating: 0, count: width * height * channels)
      guard let handle = start() else { return ([], "libturbojpeg cannot be started", false) }
      defer { _ = destroy(handle) }
      let format = channels == 1 ? PixelFormat.grey : PixelFormat.rgb
      let result = bytes.withUnsafeBufferPointer { source in
        pixels.withUnsafeMutableBufferPointer { target in
          decompress(
            handle, source.baseAddress, UInt(source.count), target.baseAddress, Int32(width),
            Int32(width * channels), Int32(height), format, Self.limitScans)
        }
      }
      guard result != 0 else { return (pixels, nil, false) }
      let text = message(handle).map { String(cString: $0) } ?? "an unknown error"
      // The library's codes: 0 warns, 1 is fatal.
      return (pixels, text, code(handle) == 0)
    }
  }
#endif
