/// A class of processor for which the kernels were compiled.
package struct KernelTarget: Hashable, Sendable, CustomStringConvertible {
  package let name: String

  /// Replaces the choice of the process in the current task; used to test every target in one process.
  @TaskLocal package static var forced: KernelTarget?

  /// All single-precision targets that this machine can run.
  package static let available: [KernelTarget] = ["scalar", "neon", "avx2", "avx512"]
    .filter { Kernels(named: $0) != nil }.map { KernelTarget(name: $0) }

  /// What `UNROLL_TARGET` asks for, when it asks for something that this machine cannot run.
  package static var refusedSetting: String? {
    guard let wanted = ComputeEnvironment.variable("UNROLL_TARGET") else { return nil }
    return available.contains { $0.name == wanted } ? nil : wanted
  }

  package var description: String { name }
}
