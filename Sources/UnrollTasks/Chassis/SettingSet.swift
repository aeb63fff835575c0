/// Values that are described by fields: settings of a task, or options of a command.
public protocol SettingSet: Sendable {
  /// The defaults.
  init()
  static var fields: [SettingField<Self>] { get }
  /// What the range of no single field says.
  ///
  /// - Throws: `SettingError`.
  func check() throws(SettingError)
}

extension SettingSet {
  public func check() throws(SettingError) {}

  /// The fields as those of something larger that holds these settings.
  public static func fields<Outer>(at path: any WritableKeyPath<Outer, Self> & Sendable) -> [SettingField<
    Outer
  >] {
    fields.map { $0.at(path) }
  }

  /// Takes the values that somebody gave; others stay as they are.
  ///
  /// - Throws: `SettingError` for a value that is not allowed.
  public mutating func take(_ values: SettingValues) throws(SettingError) {
    for field in Self.fields {
      guard let value = values[field.name] else { continue }
      guard field.kind.allows(value) else {
        throw SettingError(field.name, expected: field.kind.expectation, found: value.text)
      }
      field.set(&self, value)
    }
  }

  /// Whether each value is in its range, and all fit together.
  public func checkAll() throws(SettingError) {
    for field in Self.fields {
      guard let value = field.get(self), !field.kind.allows(value) else { continue }
      throw SettingError(field.name, expected: field.kind.expectation, found: value.text)
    }
    try check()
  }

  /// The fields in words. Where kinds of data have defaults of their own, each is told.
  public static func descriptions(variants: [(name: String, settings: Self)] = []) -> [SettingDescription] {
    let base = Self()
    return fields.filter { !$0.isKept }.map { field in
      var description = field.description(default: base)
      let texts = variants.map { field.description(default: $0.settings).defaultText ?? "none" }
      if Set(texts).count > 1 {
        description.defaultText = zip(texts, variants).map { "\($0) for \($1.name)" }.joined(separator: ", ")
      } else if let only = texts.first {
        description.defaultText = only == "none" ? nil : only
      }
      return description
    }
  }

  /// The names of the settings of some groups.
  public static func names(of groups: Set<SettingGroup>) -> Set<String> {
    Set(fields.filter { groups.contains($0.group) }.map(\.name))
  }

  /// The values that are set, by name.
  public var values: [(name: String, value: SettingValue)] {
    Self.fields.compactMap { field in field.get(self).map { (field.name, $0) } }
  }
}

extension Array {
  /// The fields of settings that a task shares, but for those that would do nothing there.
  func without<Settings>(_ names: String...) -> [SettingField<Settings>]
  where Element == SettingField<Settings> {
    filter { !names.contains($0.name) }
  }
}

/// Settings that hold nothing.
public struct NoSettings: SettingSet {
  public init() {}
  public static let fields: [SettingField<NoSettings>] = []
}

/// Values of settings by name, as somebody gave them.
public struct SettingValues: Sendable {
  private var values: [String: SettingValue] = [:]

  public init() {}

  public subscript(name: String) -> SettingValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  public var names: [String] { values.keys.sorted() }

  /// The values of some names alone.
  public func keeping(_ names: Set<String>) -> SettingValues {
    var copy = self
    copy.values = values.filter { names.contains($0.key) }
    return copy
  }

  /// Takes a value in words, among settings that are known. A list takes each value that is said.
  ///
  /// - Throws: `SettingError` when the setting is not known or does not take the value.
  public mutating func set(
    _ name: String, _ text: String, among settings: [SettingDescription]
  ) throws(SettingError) {
    guard let setting = settings.first(where: { $0.name == name }) else {
      throw SettingError(name, expected: "a setting that is known", found: "no such setting")
    }
    guard let value = setting.kind.value(of: text) else {
      throw SettingError(name, expected: setting.kind.expectation, found: "\"\(text)\"")
    }
    if case .list(let more) = value, case .list(let before)? = values[name] {
      values[name] = .list(before + more)
    } else {
      values[name] = value
    }
  }
}

/// Settings as `config.json` holds them: an object with a key for each field that is set.
struct StoredSettings<Settings: SettingSet>: Codable {
  let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    var settings = Settings()
    for field in Settings.fields {
      let key = Key(stringValue: field.name)
      guard let value = try container.decodeIfPresent(SettingValue.self, forKey: key) else {
        guard field.isOptional else {
          throw DecodingError.keyNotFound(
            key, .init(codingPath: decoder.codingPath, debugDescription: "no value"))
        }
        continue
      }
      guard field.kind.allows(value) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\(value.text), not \(field.kind.expectation)")
      }
      field.set(&settings, value)
    }
    let names = Set(Settings.fields.map(\.name))
    if let other = container.allKeys.first(where: { !names.contains($0.stringValue) }) {
      throw DecodingError.dataCorruptedError(
        forKey: other, in: container, debugDescription: "a setting that this version does not know")
    }
    self.settings = settings
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (name, value) in settings.values { try container.encode(value, forKey: Key(stringValue: name)) }
  }
}

extension SettingField where Settings: SettingSet {
  /// Whether a value may be left out: the defaults have none.
  fileprivate var isOptional: Bool { self.get(Settings()) == nil }
}
