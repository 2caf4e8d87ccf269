OK_FORMAT = True

test = {   'name': 'q1',
    'points': 2,
    'suites': [   {   'cases': [   {   'code': '>>> assert np.allclose(squared_distances(np.zeros((1, 3)), np.array([[3.0, 4.0, 0.0]])), [[25]])\n',
                                       'failure_message': 'from (0, 0, 0) to (3, 4, 0) it is 25, squared',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1},
                                   {   'code': '>>> assert squared_distances(np.zeros((2, 3)), np.ones((5, 3))).shape == (2, 5)\n',
                                       'failure_message': 'for 2 and 5 points the answer has shape (2, 5), the first cloud along the first axis',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 1}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
