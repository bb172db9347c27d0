/** What copyloop uses of jstat, which has no types of its own. */
declare module 'jstat' {
  const jstat: {
    jStat: {
      /** The regularised incomplete beta function I_x(a, b). */
      ibeta(x: number, a: number, b: number): number;
      gammaln(x: number): number;
    };
  };
  export default jstat;
}
