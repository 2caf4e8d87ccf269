OK_FORMAT = True

test = {   'name': 'q2',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.isclose(chamfer_distance(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])), 50)\n',
                                       'failure_message': 'two single points 5 apart have Chamfer distance 25 + 25',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> a, b = (np.random.default_rng(1).random((20, 3)), np.random.default_rng(2).random((31, 3)))\n'
                                               '>>> assert np.isclose(chamfer_distance(np.concatenate([a, a]), b), chamfer_distance(a, b))\n',
                                       'failure_message': 'a mean over the points of each cloud is asked for, not a sum - a cloud written down twice is as far as once',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> a = np.random.default_rng(3).random((40, 3))\n'
                                               '>>> d = ((a[:, None] - a[None, :10]) ** 2).sum(-1)\n'
                                               '>>> assert np.isclose(chamfer_distance(a, a[:10]), d.min(1).mean())\n'
                                               '>>> assert np.isclose(chamfer_distance(a[:10], a), d.min(1).mean())\n',
                                       'failure_message': 'both ways count - a cloud that covers a part of the other only is not at distance 0',
                                       'hidden': True,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
