#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The system's double-precision functions, gathered here so that no other file asks for the platform.
package func naturalLogarithm(_ x: Double) -> Double { log(x) }
package func logarithmOfOnePlus(_ x: Double) -> Double { log1p(x) }
package func exponential(_ x: Double) -> Double { exp(x) }
package func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
package func logarithmOfGamma(_ x: Double) -> Double { lgamma(x) }
package func cosine(_ x: Double) -> Double { cos(x) }
package func sine(_ x: Double) -> Double { sin(x) }
package func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
package func tangent(_ x: Double) -> Double { tan(x) }
package func arcSine(_ x: Double) -> Double { asin(x) }
package func arcCosine(_ x: Double) -> Double { acos(x) }
package func arcTangent(_ x: Double) -> Double { atan(x) }
package func hyperbolicSine(_ x: Double) -> Double { sinh(x) }
package func hyperbolicCosine(_ x: Double) -> Double { cosh(x) }
package func inverseHyperbolicSine(_ x: Double) -> Double { asinh(x) }
package func inverseHyperbolicCosine(_ x: Double) -> Double { acosh(x) }
package func inverseHyperbolicTangent(_ x: Double) -> Double { atanh(x) }
package func errorFunction(_ x: Double) -> Double { erf(x) }
