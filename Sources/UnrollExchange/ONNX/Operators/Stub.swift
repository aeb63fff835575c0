extension Operators {
  static let signals: [String: Maker] = [:]
  static let images: [String: Maker] = [:]
  static let losses: [String: Maker] = [:]
  static let attention: [String: Maker] = [:]
}
