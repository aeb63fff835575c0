/// The orientation in EXIF data (EXIF 2.32), which is a TIFF file in small.
enum ExifOrientation {
  /// The orientation, 1…8; `nil` where none is stated soundly.
  static func find(_ bytes: [UInt8]) -> Int? {
    let start = bytes.starts(with: Array("Exif\0\0".utf8)) ? 6 : 0
    guard let tags = TIFFTags(Array(bytes[start...])), let value = tags.number(274), (1...8).contains(value)
    else {
      return nil
    }
    return value
  }
}
